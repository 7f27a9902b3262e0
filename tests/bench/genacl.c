/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * DOC: genacl typ|adv N [SEED]
 *
 * N lines of one Cisco ASA access list between the interfaces lan and wan.
 *
 *	typ	what administrators write: hosts and networks of a company to and from
 *		everywhere, services by port, few wide lines.  Planted in it are lines
 *		inside one earlier line and lines that several earlier ones cover
 *		together; how many is said on standard error.  Others become dead by
 *		chance.
 *	adv	an adversary's: random wide boxes over the whole space, aligned to
 *		nothing, as "range" of ports and objects would give
 *
 * The same arguments give the same lines.
 */
enum proto { IP, ICMP, TCP, UDP };

struct line {
	bool deny;
	enum proto proto;
	uint32_t src, dst;		/* first address */
	unsigned src_len, dst_len;	/* prefix lengths */
	unsigned lo, hi;		/* destination ports; 0-65535: not said */
};

static uint64_t seed;

static uint64_t
next(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned
below(unsigned n)
{
	return (unsigned)(next() % n);
}

static uint32_t
mask(unsigned len)
{
	return len == 0 ? 0 : 0xffffffffU << (32 - len);
}

/* --- output --- */

static void
put_ip(uint32_t a)
{
	printf(" %u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

static void
put_addr(uint32_t a, unsigned len)
{
	if (len == 0) {
		fputs(" any", stdout);
	} else if (len == 32) {
		fputs(" host", stdout);
		put_ip(a);
	} else {
		put_ip(a);
		put_ip(mask(len));
	}
}

static void
put(const struct line *l)
{
	static const char *const names[] = { "ip", "icmp", "tcp", "udp" };

	printf("access-list lan_in extended %s %s", l->deny ? "deny" : "permit",
	    names[l->proto]);
	put_addr(l->src, l->src_len);
	put_addr(l->dst, l->dst_len);
	if (l->lo == l->hi)
		printf(" eq %u", l->lo);
	else if (l->lo == 0 && l->hi == 65535)
		;
	else if (l->hi == 65535)
		printf(" gt %u", l->lo - 1);
	else
		printf(" range %u %u", l->lo, l->hi);
	putchar('\n');
}

/* --- what administrators write --- */

static const unsigned services[] = {
	22, 25, 53, 80, 123, 161, 389, 443, 443, 443, 445, 514, 636, 993, 1433, 1521, 3306,
	3389, 5060, 5061, 5432, 8080, 8443,
};

static uint32_t
inner(unsigned len)
{
	return (0x0a000000U | (uint32_t)(next() & 0xffffff)) & mask(len);
}

static uint32_t
outer(unsigned len)
{
	static const uint32_t nets[] = { 0x34000000, 0x0d000000, 0x8d000000, 0xc6330000 };

	return (nets[below(4)] | (uint32_t)(next() & 0xffffff)) & mask(len);
}

static void
pick_ports(struct line *l)
{
	unsigned roll = below(100);

	l->lo = 0;
	l->hi = 65535;
	l->proto = roll < 4 ? IP : roll < 6 ? ICMP : roll < 70 ? TCP : UDP;
	if (l->proto < TCP)
		return;
	roll = below(100);
	if (roll < 72) {
		l->lo = l->hi = services[below(sizeof(services) / sizeof(*services))];
	} else if (roll < 84) {
		l->lo = l->hi = 1024 + below(60000);
	} else if (roll < 97) {
		l->lo = 1024 + below(50000);
		l->hi = l->lo + 1 + below(10000);
	} else if (roll < 99) {
		l->lo = 1024;
	}
}

/* "any" only opposite a host: a list of a thousand lines has no "permit any any". */
static struct line
typical(void)
{
	static const unsigned lens[] = {
		32, 32, 32, 32, 32, 32, 30, 29, 28, 27, 26, 24, 24, 24, 24, 23, 22, 20,
	};
	struct line l = { .deny = below(10) == 0 };
	bool inbound = below(3) == 0;
	unsigned roll = below(100);

	l.src_len = lens[below(18)];
	l.dst_len = lens[below(18)];
	if (roll < 20)
		l.src_len = 0;
	else if (roll < 32)
		l.dst_len = 0;
	if (l.src_len == 0)
		l.dst_len = 32;
	if (l.dst_len == 0)
		l.src_len = below(2) ? 32 : 24;
	l.src = inbound ? outer(l.src_len) : inner(l.src_len);
	l.dst = inbound ? inner(l.dst_len) : outer(l.dst_len);
	pick_ports(&l);
	return l;
}

/* A line inside ${x}: a longer prefix, some of the ports. */
static struct line
inside(struct line x)
{
	if (x.src_len < 32 && below(2)) {
		unsigned len = x.src_len + 1 + below(32 - x.src_len);

		x.src |= (uint32_t)next() & ~mask(x.src_len);
		x.src_len = len;
		x.src &= mask(len);
	}
	if (x.proto >= TCP && x.hi > x.lo)
		x.lo += (x.hi - x.lo) / 3 + 1;
	x.deny ^= below(3) == 0;
	return x;
}

static struct line
wide_ports(struct line x)
{
	x.proto = x.proto < TCP ? TCP : x.proto;
	x.lo = 1024 + below(50000);
	x.hi = x.lo + 100 + below(10000);
	return x;
}

/* ${x} in two to four parts, by address or by ports; how many. */
static size_t
parts_of(struct line x, struct line part[4])
{
	unsigned bits = 1 + below(2), n = 1U << bits;

	if (x.dst_len <= 30 && x.dst_len > 0 && below(2)) {
		for (unsigned i = 0; i < n; i++) {
			part[i] = x;
			part[i].dst_len += bits;
			part[i].dst |= i << (32 - part[i].dst_len);
		}
		return n;
	}
	for (unsigned i = 0; i < 2; i++) {
		part[i] = x;
		part[i].deny = below(2);
	}
	part[0].hi = (x.lo + x.hi) / 2 + 5;
	part[1].lo = (x.lo + x.hi) / 2 - 5;
	return 2;
}

static void
generate_typical(size_t n)
{
	struct line *v = calloc(n + 8, sizeof(*v));
	size_t singles = 0, unions = 0, k = 0;

	while (k < n) {
		unsigned roll = below(1000);

		v[k] = typical();
		if (k > 10 && roll < 50) {
			v[k] = inside(v[below((unsigned)k)]);
			k++;
			singles++;
		} else if (roll < 60) {
			struct line whole = wide_ports(v[k]), part[4];
			size_t m = parts_of(whole, part);

			memcpy(v + k, part, m * sizeof(*v));
			v[k + m] = whole;
			k += m + 1;
			unions += k <= n;
		} else {
			k++;
		}
	}
	for (size_t i = 0; i < n; i++)
		put(&v[i]);
	fprintf(stderr, "planted: %zu in one line, %zu in several\n", singles, unions);
	free(v);
}

/* --- an adversary's --- */

static void
put_range(unsigned i, bool first)
{
	uint32_t a = (uint32_t)next(), b = (uint32_t)next();

	printf("object network o%u%c\n range", i, first ? 's' : 'd');
	put_ip(a < b ? a : b);
	put_ip(a < b ? b : a);
	putchar('\n');
}

static void
generate_adverse(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned lo = below(65536), hi = below(65536);

		put_range(i, true);
		put_range(i, false);
		printf("access-list lan_in extended %s %s object o%us object o%ud"
		    " range %u %u\n", below(2) ? "permit" : "deny",
		    below(2) ? "tcp" : "udp", i, i, lo < hi ? lo : hi, lo < hi ? hi : lo);
	}
}

int
main(int argc, char **argv)
{
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (n == 0 || n > 100000000) {
		fprintf(stderr, "usage: genacl typ|adv N [SEED]\n");
		return 64;
	}
	seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	fputs("interface g0/0\n nameif lan\n security-level 100\n"
	    "interface g0/1\n nameif wan\n security-level 0\n", stdout);
	if (strcmp(argv[1], "adv") == 0)
		generate_adverse((unsigned)n);
	else
		generate_typical(n);
	puts("access-group lan_in in interface lan");
	return 0;
}
