/* SPDX-License-Identifier: ISC */
/*
 * nice SERVER PORT udp|tcp: two agents of libnice, relay only, over the relay given; a number of
 * datagrams each way.  "relayed A B, N of N each way" and 0 when all arrived.
 */
#include <nice/agent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 200, EVERY_MS = 5, WAIT_S = 20, BYTES = 500 };

struct side {
	NiceAgent *agent;
	guint stream;
	struct side *other;
	gboolean gathered, ready;
	guint sent, got;
	char relayed[2 * INET6_ADDRSTRLEN];
};

static GMainLoop *loop;

/* What this side has gathered, to the other one. */
static void
introduce(struct side *s)
{
	gchar *user = NULL, *password = NULL;
	GSList *v = nice_agent_get_local_candidates(s->agent, s->stream, 1);

	nice_agent_get_local_credentials(s->agent, s->stream, &user, &password);
	nice_agent_set_remote_credentials(s->other->agent, s->other->stream, user, password);
	for (GSList *x = v; x != NULL; x = x->next) {
		NiceCandidate *c = x->data;

		if (c->type == NICE_CANDIDATE_TYPE_RELAYED)
			nice_address_to_string(&c->addr, s->relayed);
		else
			printf("# not only relayed\n");
	}
	nice_agent_set_remote_candidates(s->other->agent, s->other->stream, 1, v);
	g_slist_free_full(v, (GDestroyNotify)nice_candidate_free);
	g_free(user);
	g_free(password);
}

static void
on_gathered(NiceAgent *a, guint stream, gpointer arg)
{
	struct side *s = arg;

	(void)a;
	(void)stream;
	s->gathered = TRUE;
	if (s->other->gathered) {
		introduce(s);
		introduce(s->other);
	}
}

static void
on_state(NiceAgent *a, guint stream, guint component, guint state, gpointer arg)
{
	struct side *s = arg;

	(void)a;
	(void)stream;
	(void)component;
	s->ready = state == NICE_COMPONENT_STATE_READY;
	if (state == NICE_COMPONENT_STATE_FAILED) {
		printf("# failed\n");
		g_main_loop_quit(loop);
	}
}

static void
on_data(NiceAgent *a, guint stream, guint component, guint n, gchar *p, gpointer arg)
{
	struct side *s = arg;

	(void)a;
	(void)stream;
	(void)component;
	s->got += n == BYTES && p[0] == 'x';
}

static gboolean
on_time(gpointer arg)
{
	struct side *v = arg;
	char bytes[BYTES];

	if (!v[0].ready || !v[1].ready)
		return TRUE;
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 2; i++)
		if (v[i].sent < MESSAGES &&
		    nice_agent_send(v[i].agent, v[i].stream, 1, sizeof(bytes), bytes) > 0)
			v[i].sent++;
	if (v[0].got == MESSAGES && v[1].got == MESSAGES)
		g_main_loop_quit(loop);
	return TRUE;
}

static gboolean
on_end(gpointer arg)
{
	(void)arg;
	g_main_loop_quit(loop);
	return FALSE;
}

static void
start(struct side *s, char **argv)
{
	NiceRelayType type = strcmp(argv[3], "tcp") == 0 ? NICE_RELAY_TYPE_TURN_TCP :
	    NICE_RELAY_TYPE_TURN_UDP;

	s->agent = nice_agent_new(g_main_loop_get_context(loop), NICE_COMPATIBILITY_RFC5245);
	g_object_set(s->agent, "force-relay", TRUE, "ice-tcp", FALSE, "upnp", FALSE,
	    "controlling-mode", s < s->other, NULL);
	g_signal_connect(s->agent, "candidate-gathering-done", G_CALLBACK(on_gathered), s);
	g_signal_connect(s->agent, "component-state-changed", G_CALLBACK(on_state), s);
	s->stream = nice_agent_add_stream(s->agent, 1);
	nice_agent_set_relay_info(s->agent, s->stream, 1, argv[1], (guint)atoi(argv[2]), "alice",
	    "secret", type);
	nice_agent_attach_recv(s->agent, s->stream, 1, g_main_loop_get_context(loop), on_data, s);
}

int
main(int argc, char **argv)
{
	struct side v[2] = { { .other = &v[1] }, { .other = &v[0] } };

	if (argc != 4)
		return 64;
	loop = g_main_loop_new(NULL, FALSE);
	for (int i = 0; i < 2; i++)
		start(&v[i], argv);
	for (int i = 0; i < 2; i++)
		if (!nice_agent_gather_candidates(v[i].agent, v[i].stream))
			return 1;
	g_timeout_add(EVERY_MS, on_time, v);
	g_timeout_add_seconds(WAIT_S, on_end, NULL);
	g_main_loop_run(loop);
	printf("relayed %s %s, %u and %u of %d arrived\n", v[0].relayed, v[1].relayed, v[0].got,
	    v[1].got, MESSAGES);
	return v[0].got == MESSAGES && v[1].got == MESSAGES ? 0 : 1;
}
