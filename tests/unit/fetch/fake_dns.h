/* A name server of a few lines on a loopback port, for tests: answers A and AAAA from a table. */
#ifndef TESTS_UNIT_FETCH_FAKE_DNS_H
#define TESTS_UNIT_FETCH_FAKE_DNS_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

enum { DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3, DNS_REFUSED = 5, DNS_SILENT = 100, DNS_LATE };
enum { DNS_HELD_MAX = 16 };

struct dns_rule {
	const char *name; /* NULL ends the table; what is not in it does not exist; ".x.test": all
			     below */
	int rcode;
	const char *addresses[24]; /* both families */
};

struct fake_dns {
	uv_udp_t socket;
	const struct dns_rule *rules;
	int queries;      /* of any name */
	char names[4096]; /* all names asked for, each with a space behind */
	char servers[32]; /* "127.0.0.1:PORT" */
	uint16_t port;
	char in[512];
	struct {
		uint8_t query[512];
		size_t len;
		struct sockaddr_in from;
	} held[DNS_HELD_MAX]; /* what DNS_LATE answers in dns_answer_late() */
	int held_count;
};

/* The name of the question at offset 12, with dots. Returns the offset behind it. */
static inline size_t dns_name(const uint8_t *p, size_t len, char out[256])
{
	size_t i = 12, n = 0;

	while (i < len && p[i]) {
		size_t label = p[i++];

		for (size_t k = 0; k < label && i < len && n < 254; k++)
			out[n++] = (char)p[i++];
		out[n++] = '.';
	}
	out[n ? n - 1 : 0] = '\0';
	return i + 1;
}

static inline size_t dns_add(uint8_t *out, size_t len, int type, const char *address)
{
	static const uint8_t head[] = {0xc0, 12, 0, 0, 0, 1, 0, 0, 0, 60, 0};
	uint8_t binary[16];
	uint8_t size = type == 1 ? 4 : 16;

	if (inet_pton(type == 1 ? AF_INET : AF_INET6, address, binary) != 1 || len + 28 > 512)
		return len;
	memcpy(out + len, head, sizeof head);
	out[len + 3] = (uint8_t)type;
	out[len + 11] = size;
	memcpy(out + len + 12, binary, size);
	out[7]++;
	return len + 12 + size;
}

static inline bool dns_fits(const char *rule, const char *name)
{
	size_t rule_len = strlen(rule), len = strlen(name);

	return strcasecmp(rule, name) == 0 ||
	       (rule[0] == '.' && len > rule_len && strcasecmp(rule, name + len - rule_len) == 0);
}

/* True for the first answer of a rule that is late. */
static inline bool dns_hold(struct fake_dns *d, const struct dns_rule *rule, const uint8_t *in,
	size_t len, const struct sockaddr *to)
{
	if (rule->rcode != DNS_LATE || d->held_count < 0)
		return false;
	if (d->held_count < DNS_HELD_MAX) {
		memcpy(d->held[d->held_count].query, in, len);
		d->held[d->held_count].len = len;
		memcpy(&d->held[d->held_count++].from, to, sizeof d->held[0].from);
	}
	return true;
}

static inline void dns_answer(
	struct fake_dns *d, const uint8_t *in, size_t len, const struct sockaddr *to)
{
	uint8_t out[512] = {0};
	char name[256];
	size_t end = dns_name(in, len, name);
	int type = in[end + 1];
	const struct dns_rule *rule = d->rules;
	uv_buf_t buf;

	d->queries++;
	len = strlen(d->names);
	snprintf(d->names + len, sizeof d->names - len, "%s ", name);
	while (rule->name && !dns_fits(rule->name, name))
		rule++;
	if (rule->rcode == DNS_SILENT || dns_hold(d, rule, in, end + 4, to))
		return;
	memcpy(out, in, end + 4);
	out[2] = 0x81;
	out[3] = (uint8_t)(0x80 | (!rule->name ? DNS_NXDOMAIN : rule->rcode % DNS_LATE));
	memset(out + 6, 0, 6);
	end += 4;
	for (int i = 0; rule->name && i < 24 && rule->addresses[i]; i++)
		end = dns_add(out, end, type, rule->addresses[i]);
	buf = uv_buf_init((char *)out, (unsigned int)end);
	uv_udp_try_send(&d->socket, &buf, 1, to);
}

/* Answers what was late, and from now on at once. */
static inline void dns_answer_late(struct fake_dns *d)
{
	int count = d->held_count;

	d->held_count = -1;
	for (int i = 0; i < count; i++)
		dns_answer(d, d->held[i].query, d->held[i].len,
			(const struct sockaddr *)&d->held[i].from);
}

static inline void dns_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
	struct fake_dns *d = h->data;

	(void)size;
	*buf = uv_buf_init(d->in, sizeof d->in);
}

static inline void dns_read(uv_udp_t *h, ssize_t n, const uv_buf_t *buf,
	const struct sockaddr *from, unsigned int flags)
{
	(void)flags;
	if (n >= 17 && from)
		dns_answer(h->data, (const uint8_t *)buf->base, (size_t)n, from);
}

static inline void dns_start(struct fake_dns *d, uv_loop_t *loop, const struct dns_rule *rules)
{
	struct sockaddr_in address;
	int len = sizeof address;

	memset(d, 0, sizeof *d);
	d->rules = rules;
	uv_udp_init(loop, &d->socket);
	d->socket.data = d;
	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_udp_bind(&d->socket, (const struct sockaddr *)&address, 0);
	uv_udp_getsockname(&d->socket, (struct sockaddr *)&address, &len);
	d->port = ntohs(address.sin_port);
	snprintf(d->servers, sizeof d->servers, "127.0.0.1:%u", d->port);
	uv_udp_recv_start(&d->socket, dns_alloc, dns_read);
}

static inline void dns_stop(struct fake_dns *d)
{
	uv_close((uv_handle_t *)&d->socket, NULL);
}

#endif
