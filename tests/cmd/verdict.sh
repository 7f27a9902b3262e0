#!/bin/sh
# SPDX-License-Identifier: ISC
# The exit status for every verdict, and the options that change what is asked.
. tests/tap.sh

d=tests/cmd/data
site="--site $d/site.yaml --resolve router.example.org=198.51.100.77"
export SOURCE_DATE_EPOCH=1795392000

is 0 "open" "$pinhole" audit $d/open.nft vidyoconnect $site
is 1 "open, but degraded" "$pinhole" audit $d/open.nft vidyoconnect $site -E too-wide
is 0 "what is not to be said" "$pinhole" audit $d/open.nft vidyoconnect $site -W no-too-wide
is 2 "blocked" "$pinhole" audit $d/border.nft vidyoconnect $site
is 3 "unknown" "$pinhole" query $d/doubt.nft --udp 50000 --in lan --out wan \
    --from 192.0.2.1 --to 198.51.100.1
is 0 "the same" "$pinhole" diff $d/open.nft $d/open.nft
is 1 "different" "$pinhole" diff $d/open.nft $d/border.nft
is 0 "nothing to remark" "$pinhole" lint $d/border.nft
is 1 "something to remark" "$pinhole" lint $d/dead.nft
is 0 "with the fix" "$pinhole" fix $d/border.nft vidyoconnect $site
is 0 "nothing to fix" "$pinhole" fix $d/open.nft vidyoconnect $site
says "is said" '^NOTHING TO FIX' "$out"

is 64 "an unknown id" "$pinhole" lint $d/dead.nft -W no-dead-rul
says "what it is like" "did you mean 'dead-rule'" "$err"
is 0 "findings that are not to be said" "$pinhole" lint $d/dead.nft -W no-dead-rule \
    -W no-redundant-rule
is 1 "the last one counts" "$pinhole" lint $d/dead.nft -W no-dead-rule \
    -W no-redundant-rule -W dead-rule

is 2 "flags win over the file" "$pinhole" audit $d/border.nft vidyoconnect $site \
    --at vidyoconnect.routers=198.51.100.99
says "for the group they name" '198\.51\.100\.99:' "$out"
is 64 "a name that is pinned to nothing" "$pinhole" audit $d/open.nft vidyoconnect \
    --site $d/site.yaml --resolve router.example.org
is 2 "several services" "$pinhole" audit $d/border.nft vidyoconnect webrtc $site \
    --at webrtc.web=203.0.113.20 --at webrtc.turn=203.0.113.21
says "each has its part" '^Vidyo WebRTC' "$out"
is 2 "literal" "$pinhole" audit $d/border.nft vidyoconnect $site
says "is both ways" 'scip +in' "$out"
is 2 "only stateful" "$pinhole" audit $d/border.nft vidyoconnect $site --stateful-only
grep -q 'scip *in ' "$out" && not_ok "is one way" <"$out" || ok "is one way"

q="--udp 60000 --to 198.51.100.1"
is 3 "a set that nobody gave" "$pinhole" query $d/phones.save $q --from 192.0.2.1
says "is asked for" 'set-not-given' "$err"
is 0 "a set" "$pinhole" query $d/phones.save --ipset $d/phones.ipset $q --from 192.0.2.1
is 2 "not in the set" "$pinhole" query $d/phones.save --ipset $d/phones.ipset $q --from 192.0.2.200
is 66 "a set that is not there" "$pinhole" query $d/phones.save --ipset $d/none $q --from any
is 0 "the program of a user" "$pinhole" query $d/phones.save --ipset $d/phones.ipset $q \
    --from any --host --uid 1000
is 2 "of another" "$pinhole" query $d/phones.save --ipset $d/phones.ipset $q \
    --from any --host --uid 0
is 3 "of nobody knows whom" "$pinhole" query $d/phones.save --ipset $d/phones.ipset $q \
    --from any --host
is 0 "to the firewall" "$pinhole" query $d/phones.save --ipset $d/phones.ipset $q \
    --from any --host --in eth0 --uid 1000
is 3 "whose answers may be dropped" "$pinhole" query $d/phones.save \
    --ipset $d/phones.ipset $q --from any --host --in eth0
says "says because of which line" '^ +-A OUTPUT' "$out"

mkdir "$work/more" "$work/bad"
sed 's/^title: .*/title: Another/' catalog/vidyoconnect.yaml >"$work/more/vidyoconnect.yaml"
is 0 "another catalog" "$pinhole" services --catalog "$work/more"
says "overrides" '^vidyoconnect +Another$' "$out"
says "and adds" '^webrtc ' "$out"
sed 's/^title:/titel:/' catalog/vidyoconnect.yaml >"$work/bad/vidyoconnect.yaml"
is 65 "a broken catalog" "$pinhole" services --catalog "$work/bad"
says "shows where" 'vidyoconnect.yaml:[0-9]+:1: error\[unknown-key\]' "$err"
is 66 "a catalog that is not there" "$pinhole" services --catalog "$work/none"
printf 'clients: [192.0.2.0/33]\nservces: {}\n' >"$work/site.yaml"
is 65 "a broken site" "$pinhole" audit $d/open.nft vidyoconnect --site "$work/site.yaml"
says "all of it, first" 'site.yaml:1:' "$err"
says "all of it, second" 'site.yaml:2:1: error\[unknown-key\]' "$err"
