# Connection tracking, in the table raw.
head *raw
head :PREROUTING ACCEPT [0:0]
tail COMMIT
-A PREROUTING -j NOTRACK ; = ; OK
-A PREROUTING -j CT --notrack ; = ; OK
-A PREROUTING -p udp -m udp --dport 5060 -j CT --helper sip ; = ; OK
-A PREROUTING -p udp -m udp --dport 1719 -j CT --helper RAS --timeout long ; = ; OK
-A PREROUTING -j CT --zone 3 ; = ; OK
-A PREROUTING -j CT --ctevents new,destroy ; = ; OK
# nfct: add timeout long inet udp unreplied 60 replied 300\n-A PREROUTING -p udp -j CT --timeout long ; = ; OK
# nfct: add timeout long inet ; ; FAIL bad-timeout
