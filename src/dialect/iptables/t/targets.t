# Targets, in the table filter of IPv4.
head *filter
head :FORWARD DROP [0:0]
tail COMMIT
-A FORWARD -j REJECT ; -A FORWARD -j REJECT --reject-with icmp-port-unreachable ; OK
-A FORWARD -p tcp -j REJECT --reject-with tcp-reset ; = ; OK
-A FORWARD -j REJECT --reject-with icmp-prot-unreachable ; ; FAIL bad-reject
-A FORWARD -j LOG --log-prefix "in: " --log-level 4 ; = ; OK
-A FORWARD -j NFLOG --nflog-group 2 ; = ; OK
-A FORWARD -j NFQUEUE --queue-num 1 --queue-bypass ; = ; OK
-A FORWARD -j MARK --set-mark 1 ; -A FORWARD -j MARK --set-xmark 0x1/0xffffffff ; OK
-A FORWARD -j MARK --set-mark 1/3 ; -A FORWARD -j MARK --set-xmark 0x1/0x3 ; OK
-A FORWARD -j MARK --or-mark 2 ; -A FORWARD -j MARK --set-xmark 0x2/0x2 ; OK
-A FORWARD -j MARK --and-mark 0xff ; -A FORWARD -j MARK --set-xmark 0/0xffffff00 ; OK
-A FORWARD -j MARK --xor-mark 0xf ; -A FORWARD -j MARK --set-xmark 0xf/0 ; OK
-A FORWARD -j MARK ; ; FAIL missing-value
-A FORWARD -j CONNMARK --save-mark ; -A FORWARD -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff ; OK
-A FORWARD -j CONNMARK --restore-mark --mask 0xff ; -A FORWARD -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff ; OK
-A FORWARD -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xf ; = ; OK
-A FORWARD -j TCPMSS --clamp-mss-to-pmtu ; = ; OK
-A FORWARD -j SET --add-set seen src --exist ; = ; OK
-A FORWARD -j FROB --level 3 ; = ; OK unread-target
-A FORWARD -j DNAT --to-destination 10.0.0.1 ; ; FAIL wrong-table
-A FORWARD -j CT --notrack ; ; FAIL wrong-table
