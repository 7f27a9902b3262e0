/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/listen.h"
#include "os/tcp.h"
#include "relay/link.h"

enum {
	ROOM = 16384,
	STREAM_FULL = 65536,		/* bytes that wait for the client: no more are read */
	TURNS = 8,			/* reads in a row */
};

struct ph_relay_link {
	enum ph_relay_what what;
	int fd;
	uint32_t number;
	bool open, failed, over;
	bool read_wanted, write_wanted;
	bool peer_done, client_done;	/* will send no more */
	struct ph_relay_stream *stream;	/* NULL: not bound yet */
	size_t from, to;		/* of what waits for the peer */
	struct ph_relay_link *next;	/* of all */
	uint8_t room[ROOM];
};

static struct ph_relay_link *
find(const struct ph_relay_worker *w, uint32_t number)
{
	struct ph_relay_link *k = w->links;

	while (k != NULL && (k->number != number || k->over))
		k = k->next;
	return k;
}

static struct ph_relay_link *
add(struct ph_relay_worker *w, uint32_t number, int fd, bool open)
{
	struct ph_relay_link *k = malloc(sizeof(*k));

	if (k == NULL)
		return NULL;
	memset(k, 0, offsetof(struct ph_relay_link, room));
	k->what = PH_RELAY_LINK;
	k->fd = fd;
	k->number = number;
	k->open = open;
	k->next = w->links;
	w->links = k;
	return k;
}

/* Freed when nothing can refer to it any more: after the round. */
static void
end(struct ph_relay_worker *w, struct ph_relay_link *k)
{
	struct ph_relay_stream *s = k->stream;

	if (k->over)
		return;
	k->over = w->links_over = true;
	k->stream = NULL;
	if (k->fd >= 0)
		close(k->fd);
	if (s != NULL)
		ph_relay_stream_finish(w, s);
}

/* The same, and the server does not know yet. */
static void
end_and_tell(struct ph_relay_worker *w, struct ph_relay_link *k)
{
	if (k->over)
		return;
	end(w, k);
	ph_turn_server_link_gone(w->turn, k->number);
}

/* Into the pollset, with what is waited for. */
static bool
wait_for(struct ph_relay_worker *w, struct ph_relay_link *k, bool read, bool write)
{
	k->read_wanted = read;
	k->write_wanted = write;
	return ph_pollset_add(w->set, k->fd, k) == 0 &&
	    ph_pollset_want(w->set, k->fd, k, read, write) == 0;
}

static void
want(struct ph_relay_worker *w, struct ph_relay_link *k, bool read, bool write)
{
	if (read == k->read_wanted && write == k->write_wanted)
		return;
	k->read_wanted = read;
	k->write_wanted = write;
	ph_pollset_want(w->set, k->fd, k, read, write);
}

void
ph_relay_link_connect(struct ph_relay_worker *w, uint32_t number,
    const struct ph_relay_port *port, struct ph_stun_addr peer)
{
	struct ph_relay_link *k = add(w, number, -1, false);

	if (k == NULL) {
		w->link_lost = number;
		return;
	}
	if (ph_tcp_connect_from(peer.addr, peer.port, port->addr, port->port, &k->fd) != 0)
		k->fd = -1;
	k->failed = k->fd < 0 || !wait_for(w, k, false, true);
	if (k->failed)
		w->links_over = true;
}

/* Links without a number are not the server's. */
bool
ph_relay_link_pass(struct ph_relay_worker *w, struct ph_relay_stream *s, struct ph_stun_addr to)
{
	struct ph_relay_link *k;
	int fd;

	if (ph_tcp_connect(to.addr, to.port, 0, &fd) != 0)
		return false;
	k = add(w, 0, fd, false);
	if (k == NULL || !wait_for(w, k, false, true)) {
		if (k != NULL)
			end(w, k);
		else
			close(fd);
		return false;
	}
	k->stream = s;
	ph_relay_stream_join(s, k);
	ph_relay_stream_want(w, s, false);
	return true;
}

void
ph_relay_link_accept(struct ph_relay_worker *w, const struct ph_relay_port *port)
{
	struct ph_stun_addr peer;
	int fd;

	while (port->fd >= 0 && ph_listen_accept(port->fd, &peer.addr, &peer.port, &fd) == 0) {
		uint32_t number = ph_turn_server_accepted(w->turn, port->relay, peer, w->now);
		struct ph_relay_link *k = number == 0 ? NULL : add(w, number, fd, true);

		if (k != NULL && !wait_for(w, k, false, false)) {
			end_and_tell(w, k);
		} else if (k == NULL) {
			close(fd);
			if (number != 0)
				ph_turn_server_link_gone(w->turn, number);
		}
	}
}

void
ph_relay_link_join(struct ph_relay_worker *w, uint32_t number, struct ph_relay_stream *s)
{
	struct ph_relay_link *k = find(w, number);

	ph_relay_stream_join(s, k);
	if (k == NULL) {
		ph_relay_stream_finish(w, s);
		return;
	}
	k->stream = s;
	want(w, k, true, false);
}

void
ph_relay_link_drop(struct ph_relay_worker *w, uint32_t number)
{
	struct ph_relay_link *k = find(w, number);

	if (k != NULL)
		end(w, k);
}

/* To the peer; false: it broke. */
static bool
put_up(struct ph_relay_link *k)
{
	while (k->from < k->to) {
		int n = ph_tcp_send(k->fd, k->room + k->from, k->to - k->from);

		if (n == -EAGAIN || n == 0)
			return true;
		if (n < 0)
			return false;
		k->from += (size_t)n;
	}
	k->from = k->to = 0;
	return true;
}

/* From the client to the peer; false: it broke. */
static bool
move_up(struct ph_relay_link *k)
{
	for (int i = 0; i < TURNS; i++) {
		int n;

		if (!put_up(k))
			return false;
		if (k->to > 0 || k->client_done)
			return true;
		n = ph_relay_stream_read(k->stream, k->room, ROOM);
		if (n == -EAGAIN)
			return true;
		k->client_done = n <= 0;
		k->to = n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* From the peer to the client; false: it broke. */
static bool
move_down(struct ph_relay_worker *w, struct ph_relay_link *k)
{
	static _Thread_local uint8_t bytes[ROOM];

	for (int i = 0; i < TURNS && !k->peer_done; i++) {
		struct ph_relay_message m = { .head = bytes, .data = bytes };
		int n;

		if (ph_relay_stream_waiting(k->stream) >= STREAM_FULL)
			return true;
		n = ph_tcp_recv(k->fd, bytes, sizeof(bytes));
		if (n == -EAGAIN)
			return true;
		if (n < 0)
			return false;
		k->peer_done = n == 0;
		m.len = (size_t)n;
		ph_relay_stream_put(w, k->stream, &m);
	}
	return true;
}

void
ph_relay_link_move(struct ph_relay_worker *w, struct ph_relay_link *k)
{
	if (k->over || k->stream == NULL || !k->open)
		return;
	if (!move_up(k) || !move_down(w, k) || k->peer_done ||
	    (k->client_done && k->to == 0)) {
		end_and_tell(w, k);
		return;
	}
	want(w, k, ph_relay_stream_waiting(k->stream) < STREAM_FULL, k->to > 0);
	ph_relay_stream_want(w, k->stream, k->to == 0 && !k->client_done);
}

void
ph_relay_link_room(struct ph_relay_worker *w, struct ph_relay_link *k)
{
	if (!k->over && k->stream != NULL && ph_relay_stream_waiting(k->stream) < STREAM_FULL)
		want(w, k, true, k->write_wanted);
}

/* Connected, or not. */
static void
settle(struct ph_relay_worker *w, struct ph_relay_link *k)
{
	enum ph_tcp_fate fate;
	int err;

	fate = ph_tcp_outcome(k->fd, &err);
	if (fate == PH_TCP_PENDING && err == 0)
		return;
	k->open = fate == PH_TCP_OPEN;
	if (k->open) {
		want(w, k, false, false);
	} else {
		k->failed = true;
		end(w, k);
	}
	ph_turn_server_connected(w->turn, k->number, k->open, w->now);
	ph_relay_link_move(w, k);
}

void
ph_relay_link_ready(struct ph_relay_worker *w, struct ph_relay_link *k)
{
	if (k->over)
		return;
	if (!k->open)
		settle(w, k);
	else if (k->stream != NULL)
		ph_relay_link_move(w, k);
	else
		end_and_tell(w, k);	/* nothing was asked for: it broke */
}

void
ph_relay_link_stream_gone(struct ph_relay_worker *w, struct ph_relay_link *k)
{
	k->stream = NULL;
	end_and_tell(w, k);
}

void
ph_relay_link_settle(struct ph_relay_worker *w)
{
	struct ph_relay_link **at = &w->links, *k;

	if (w->link_lost != 0)
		ph_turn_server_connected(w->turn, w->link_lost, false, w->now);
	w->link_lost = 0;
	if (!w->links_over)
		return;
	for (k = w->links; k != NULL; k = k->next)
		if (k->failed && !k->over) {
			end(w, k);
			ph_turn_server_connected(w->turn, k->number, false, w->now);
		}
	w->links_over = false;
	while ((k = *at) != NULL) {
		if (!k->over) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		free(k);
	}
}

void
ph_relay_link_end_all(struct ph_relay_worker *w)
{
	for (struct ph_relay_link *k = w->links; k != NULL; k = k->next)
		end(w, k);
	w->links_over = true;
	ph_relay_link_settle(w);
}
