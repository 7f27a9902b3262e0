/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/tls.h"

/* Two ends of one connection in one process. */
struct pair {
	int fd[2];
	struct ph_tls_key *key[2];	/* of the client, of the server */
	struct ph_tls *end[2];
};

static const char *const alpn[] = { "pinhole/1", "stun.turn", NULL };

static void
setup(struct pair *p, bool expected)
{
	uint8_t peer[PH_TLS_KEY];
	struct ph_tls_opts o = { .alpn = alpn, .peer = peer };

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fd), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ph_tls_key_new(&p->key[i]), 0);
	ph_tls_key_public(p->key[1], peer);
	peer[0] ^= !expected;
	o.key = p->key[0];
	assert_int_equal(ph_tls_client(p->fd[0], &o, &p->end[0]), 0);
	o.key = p->key[1];
	assert_int_equal(ph_tls_server(p->fd[1], &o, &p->end[1]), 0);
}

static void
shake(struct pair *p)
{
	for (int i = 0; i < 20; i++)
		ph_tls_shake(p->end[i % 2]);
}

static void
teardown(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		ph_tls_free(p->end[i]);
		ph_tls_key_free(p->key[i]);
		close(p->fd[i]);
	}
}

static void
test_both_know_each_other(void **state)
{
	uint8_t a[32], b[32];
	char text[8];
	struct pair p;

	(void)state;
	setup(&p, true);
	shake(&p);
	assert_int_equal(ph_tls_shake(p.end[0]), PH_TLS_READY);
	assert_int_equal(ph_tls_shake(p.end[1]), PH_TLS_READY);
	assert_true(ph_str_eq(ph_tls_alpn(p.end[1]), "pinhole/1"));
	ph_tls_key_public(p.key[0], a);
	assert_true(ph_tls_peer(p.end[1], b));
	assert_memory_equal(a, b, 32);
	assert_true(ph_tls_exporter(p.end[0], a) && ph_tls_exporter(p.end[1], b));
	assert_memory_equal(a, b, 32);
	assert_int_equal(ph_tls_read(p.end[1], text, sizeof(text)), 0);
	assert_true(ph_tls_wants(p.end[1]).read);
	assert_int_equal(ph_tls_write(p.end[0], "hello", 6), 6);
	assert_int_equal(ph_tls_read(p.end[1], text, sizeof(text)), 6);
	assert_string_equal(text, "hello");
	ph_tls_free(p.end[0]);
	p.end[0] = NULL;
	assert_int_equal(ph_tls_read(p.end[1], text, sizeof(text)), -EPIPE);
	teardown(&p);
}

static void
test_another_key(void **state)
{
	struct pair p;

	(void)state;
	setup(&p, false);
	shake(&p);
	assert_int_equal(ph_tls_shake(p.end[0]), PH_TLS_FAILED);
	assert_int_equal(ph_tls_fault(p.end[0]), PH_TLS_OTHER_KEY);
	teardown(&p);
}

static void
test_no_tls(void **state)
{
	struct pair p;

	(void)state;
	setup(&p, true);
	ph_tls_shake(p.end[0]);
	assert_true(write(p.fd[1], "HTTP/1.1 400 Bad Request\r\n\r\n", 28) == 28);
	assert_int_equal(ph_tls_shake(p.end[0]), PH_TLS_FAILED);
	assert_int_equal(ph_tls_fault(p.end[0]), PH_TLS_NOT_TLS);
	teardown(&p);
}

static void
test_closed(void **state)
{
	struct pair p;

	(void)state;
	setup(&p, true);
	ph_tls_shake(p.end[0]);
	shutdown(p.fd[1], SHUT_WR);
	assert_int_equal(ph_tls_shake(p.end[0]), PH_TLS_FAILED);
	assert_int_equal(ph_tls_fault(p.end[0]), PH_TLS_CLOSED);
	teardown(&p);
}

static void
test_keys_in_files(void **state)
{
	char path[64], word[PH_TLS_WORD + 1];
	uint8_t a[PH_TLS_KEY], b[PH_TLS_KEY];
	struct ph_tls_key *key, *again;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/pinhole-key-%d", (int)getpid());
	unlink(path);
	assert_int_equal(ph_tls_key_new(&key), 0);
	assert_int_equal(ph_tls_key_write(path, key), 0);
	assert_int_equal(ph_tls_key_write(path, key), -EEXIST);
	assert_int_equal(ph_tls_key_read(path, &again), 0);
	ph_tls_key_public(key, a);
	ph_tls_key_public(again, b);
	assert_memory_equal(a, b, sizeof(a));
	ph_tls_word(a, word);
	assert_int_equal(strlen(word), PH_TLS_WORD);
	memset(b, 0, sizeof(b));
	assert_true(ph_tls_word_read(ph_str(word), b));
	assert_memory_equal(a, b, sizeof(a));
	word[5] = '+';
	assert_false(ph_tls_word_read(ph_str(word), b));
	chmod(path, 0644);
	assert_int_equal(ph_tls_key_read(path, &again), -EPERM);
	unlink(path);
	assert_int_equal(ph_tls_key_read(path, &again), -ENOENT);
	ph_tls_key_free(key);
	ph_tls_key_free(again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_know_each_other), cmocka_unit_test(test_another_key),
		cmocka_unit_test(test_no_tls), cmocka_unit_test(test_closed),
		cmocka_unit_test(test_keys_in_files),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
