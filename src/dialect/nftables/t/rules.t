# one rule a line; what comes out of it, and what must be said
head table inet t { chain u { } ; set dyn { type ipv4_addr; flags dynamic; }; chain c { type filter hook forward priority 0; policy drop
tail } }
tcp dport 80 accept ; = ; OK
tcp dport {80,443} accept ; tcp dport { 80, 443 } accept ; OK
tcp dport 0-65535 accept ; meta l4proto tcp accept ; OK
udp dport 0 accept ; = ; OK
udp dport 65535 accept ; = ; OK
udp dport 65536 accept ; ; FAIL bad-value
udp dport 1-2-3 accept ; ; FAIL syntax
udp dport 50000-65535 accept comment "media" ; = ; OK
udp dport sip accept ; udp dport 5060 accept ; OK
ip saddr 0.0.0.0/0 accept ; meta nfproto ipv4 accept ; OK
ip6 saddr ::/0 accept ; meta nfproto ipv6 accept ; OK
ip saddr 192.0.2.1/24 accept ; ip saddr 192.0.2.0/24 accept ; OK
ip saddr 192.0.2.0/32 accept ; ip saddr 192.0.2.0 accept ; OK
ip6 saddr fe80::/10 accept ; = ; OK
ip saddr example.org accept ; = ; OK unresolved-name
ip saddr @dyn drop ; = ; OK
meta l4proto tcp tcp dport 22 accept ; tcp dport 22 accept ; OK
tcp dport 22 udp dport 22 accept ; ct state new ct state invalid drop ; OK
ip saddr 192.0.2.1 ip6 daddr ::1 accept ; ct state new ct state invalid drop ; OK
ct state new,established accept ; = ; OK
ct state != established,related accept ; accept ; OK
ct state vmap { established : accept, related : accept } ; ct state established accept\nct state related accept ; OK
tcp flags & (syn | ack) == syn accept ; = ; OK
tcp flags 0x2 accept ; tcp flags & syn == syn accept ; OK
meta mark 0xff accept ; meta mark 0x000000ff accept ; OK
meta mark 0x1ffffffff accept ; ; FAIL bad-value
iifname "eth*" accept ; = ; OK
iifname eth0 accept ; iifname "eth0" accept ; OK
iif 3 accept ; = ; OK
icmp type 8 accept ; icmp type echo-request accept ; OK
icmp type echo-requst accept ; ; FAIL bad-value
jump u ; = ; OK
jump nowhere ; ; FAIL unknown-chain
goto c ; ; FAIL jump-loop
frobnicate the packet ; = ; OK unread-statement
acept ; ; FAIL unknown-word
tcp dprot 80 accept ; ; FAIL unknown-field
ip saddr $nothing accept ; ; FAIL unknown-variable
ip saddr @nothing accept ; ; FAIL unknown-set
limit rate 10/minute accept ; = ; OK
log prefix "x" ; = ; OK
log prefix "x ; ; FAIL unterminated-string
reject ; = ; OK
reject with icmpx type admin-prohibited ; = ; OK
reject with nothing ; ; FAIL syntax
counter packets 1 bytes 2 accept ; counter accept ; OK
ct helper set "none" ; ; FAIL unknown-object
meta mark set 1 ; meta mark set 0x00000001 ; OK
meta mark set meta mark | 0x10 ; meta mark set meta mark & 0xffffffef ^ 0x00000010 ; OK
meta cpu 1 drop ; = ; OK
meta skuid root accept ; meta skuid 0 accept ; OK
fib saddr . iif oif missing drop ; = ; OK
notrack ; = ; OK
(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((( ; ; FAIL too-deep
ip saddr { 192.0.2.1, } accept ; ip saddr 192.0.2.1 accept ; OK
ip saddr 192.0.2.1 . 5 accept ; ; FAIL bad-value
accept drop ; ; FAIL after-verdict
ct protocol tcp accept ; = ; OK
ct original protocol { tcp, udp } accept ; ct protocol { tcp, udp } accept ; OK
ct l3proto ipv4 accept ; = ; OK
tcp dport & 1 == 1 accept ; meta l4proto tcp th dport & 0x00000001 == 0x00000001 accept ; OK
tcp sport & 0x1555 != 0x0105 accept ; meta l4proto tcp th sport & 0x00001555 != 0x00000105 accept ; OK
ct original ip saddr & 0.0.0.255 == 0.0.0.5 accept ; meta nfproto ipv4 ct original ip saddr & 0.0.0.255 == 0.0.0.5 accept ; OK
meta priority 1:2 accept ; = ; OK
meta priority set 1:2 ; = ; OK
ct event set new,destroy ; = ; OK
tcp dport 80 tproxy ip to :50080 ; meta nfproto ipv4 tcp dport 80 tproxy ip to :50080 ; OK
th dport 53 counter drop ; meta l4proto != { tcp, udp, dccp, sctp, udplite } th dport 53 counter drop\nmeta l4proto { tcp, udp, dccp, sctp, udplite } th dport 53 counter drop ; OK
