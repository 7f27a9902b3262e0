/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "relay/fast.h"

/* Instead of fast*.c where there is no libbpf, or no clang to make its program. */
bool
ph_fast_built(void)
{
	return false;
}

int
ph_fast_open(const struct ph_fast_opts *o, struct ph_fast **out, const char **why)
{
	(void)o;
	*out = NULL;
	*why = "not built in";
	return -ENOTSUP;
}

void
ph_fast_close(struct ph_fast *f)
{
	(void)f;
}

const struct ph_fast_port *
ph_fast_port(const struct ph_fast *f, size_t i)
{
	(void)f, (void)i;
	return NULL;
}

int
ph_fast_touch(struct ph_fast *f)
{
	(void)f;
	return -ENOTSUP;
}

int
ph_fast_bind(struct ph_fast *f, const struct ph_fast_binding *b, uint32_t *id)
{
	(void)f, (void)b;
	*id = 0;
	return -ENOTSUP;
}

int
ph_fast_refresh(struct ph_fast *f, uint32_t id, uint64_t expires_us)
{
	(void)f, (void)id, (void)expires_us;
	return -ENOTSUP;
}

int
ph_fast_unbind(struct ph_fast *f, uint32_t id, struct ph_fast_counts *last)
{
	(void)f, (void)id, (void)last;
	return -ENOTSUP;
}

int
ph_fast_counts(struct ph_fast *f, uint32_t id, struct ph_fast_counts *out)
{
	(void)f, (void)id, (void)out;
	return -ENOTSUP;
}

struct ph_fast_counts
ph_fast_late(struct ph_fast *f)
{
	(void)f;
	return (struct ph_fast_counts){ 0 };
}

int
ph_fast_meter(struct ph_fast *f, uint32_t bytes_per_s, uint32_t *id)
{
	(void)f, (void)bytes_per_s;
	*id = 0;
	return -ENOTSUP;
}

void
ph_fast_meter_free(struct ph_fast *f, uint32_t id)
{
	(void)f, (void)id;
}

uint64_t
ph_fast_pass(struct ph_fast *f, size_t i, const char **name)
{
	(void)f, (void)i;
	*name = NULL;
	return 0;
}
