# Entries of access lists.
head name 10.1.1.1 pbx
head interface GigabitEthernet0/0
head  nameif outside
head  security-level 0
head interface GigabitEthernet0/1
head  nameif inside
head  security-level 100
head object network host1
head  host 10.9.9.9
head object service media
head  service udp destination range 50000 65535
head object-group network nets
head  network-object 10.0.0.0 255.0.0.0
head  network-object host 192.0.2.1
head object-group service ports tcp-udp
head  port-object eq 3478
head  port-object range 5060 5061
head object-group protocol both
head  protocol-object tcp
head  protocol-object udp
head object-group icmp-type pings
head  icmp-object echo
head  icmp-object echo-reply
tail access-group A in interface inside
access-list A extended permit ip any any ; = ; OK
access-list A extended deny tcp any4 host 10.0.0.1 eq https log ; = ; OK
access-list A permit tcp any any eq 443 ; = ; OK
access-list A line 3 extended permit udp any any ; = ; OK
access-list A extended permit udp 10.0.0.0 255.0.0.0 198.51.100.0 255.255.255.240 range 50000 65535 ; = ; OK
access-list A extended permit udp host pbx any gt 1023 ; = ; OK
access-list A extended permit udp any lt 1024 any neq 5060 ; = ; OK
access-list A extended permit tcp any any eq sip established ; = ; OK unread-ace
access-list A extended permit tcp object host1 object-group nets object-group ports ; = ; OK
access-list A extended permit object media any any ; = ; OK
access-list A extended permit object-group both any any object-group ports ; = ; OK
access-list A extended permit icmp any any echo-reply ; = ; OK
access-list A extended permit icmp any any object-group pings ; = ; OK
access-list A extended permit icmp any any 3 4 ; = ; OK
access-list A extended permit 47 any any ; = ; OK
access-list A extended permit gre any any ; = ; OK
access-list A extended permit ip 10.0.1.0 255.0.255.0 any ; = ; OK
access-list A extended permit ip interface inside any ; = ; OK
access-list A extended permit tcp any6 any6 eq 443 ; = ; OK
access-list A extended permit tcp 2001:db8::/32 host 2001:db8::1 eq 443 ; = ; OK
access-list A extended permit tcp any any eq 443 inactive ; = ; OK
access-list A extended permit tcp any any eq 443 log 6 interval 300 inactive ; = ; OK
access-list A extended permit tcp any any time-range office ; = ; OK
access-list A extended permit tcp user LOCAL\\joe any any ; access-list A extended permit tcp user LOCAL\\joe any any ; OK
access-list A remark media for the routers ; access-list A remark media for the routers ; OK
access-list A extended permit udp any any range 65535 50000 ; ; FAIL bad-port
access-list A extended permit udp any any eq 70000 ; ; FAIL bad-port
access-list A extended permit udp any any eq htps ; ; FAIL bad-port
access-list A extended permit udp 10.0.0.300 255.0.0.0 any ; ; FAIL bad-address
access-list A extended permit udp 10.0.0.0 any any ; ; FAIL bad-mask
access-list A extended permit upd any any ; ; FAIL bad-protocol
access-list A extended permit tcp object nowhere any ; = ; OK undefined-object
access-list A extended permit tcp object-group nowhere any ; = ; OK undefined-object
access-list A extended allow tcp any any ; ; FAIL bad-ace
access-list A extended permit tcp any ; ; FAIL bad-address
