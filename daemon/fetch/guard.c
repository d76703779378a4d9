/* The wall: which socket addresses and ports may be contacted. */
#include "fetch/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* IPv4 is handled as v4-mapped IPv6 (RFC 4291, 2.5.5.2), so that one table and one comparison do.
 */
#define V4(a, b, c)                                                                                \
	{                                                                                          \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, 0                               \
	}
#define V6(...)                                                                                    \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

enum { V4_BITS = 96 };

/* The special-purpose registries of IANA (RFC 6890 and its updates); the first match names the
 * reason. */
static const struct range {
	uint8_t address[16];
	uint8_t prefix_bits;
	const char *what;
} denied[] = {
	{V4(0, 0, 0), V4_BITS + 8, "an address of this network"},
	{V4(10, 0, 0), V4_BITS + 8, "a private address"},
	{V4(100, 64, 0), V4_BITS + 10, "a shared address"},
	{V4(127, 0, 0), V4_BITS + 8, "a loopback address"},
	{V4(169, 254, 0), V4_BITS + 16, "a link-local address"},
	{V4(172, 16, 0), V4_BITS + 12, "a private address"},
	{V4(192, 0, 0), V4_BITS + 24, "a reserved address"},
	{V4(192, 0, 2), V4_BITS + 24, "a documentation address"},
	{V4(192, 88, 99), V4_BITS + 24, "a reserved address"},
	{V4(192, 168, 0), V4_BITS + 16, "a private address"},
	{V4(198, 18, 0), V4_BITS + 15, "a benchmark address"},
	{V4(198, 51, 100), V4_BITS + 24, "a documentation address"},
	{V4(203, 0, 113), V4_BITS + 24, "a documentation address"},
	{V4(224, 0, 0), V4_BITS + 4, "a multicast address"},
	{V4(240, 0, 0), V4_BITS + 4, "a reserved address"},
	{V6(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), 128, "a loopback address"},
	{V6(0, 0x64, 0xff, 0x9b, 0, 1), 48, "a private address"}, /* local NAT64, RFC 8215 */
	{V6(0xfc), 7, "a private address"},
	{V6(0xfe, 0x80), 10, "a link-local address"},
	{V6(0xfe, 0xc0), 10, "a private address"}, /* site-local, RFC 3879 */
	{V6(0xff), 8, "a multicast address"},
	{V6(0x20, 0x01, 0x0d, 0xb8), 32, "a documentation address"},
	{V6(0x3f, 0xff), 20, "a documentation address"},
	{V6(0x20, 0x01, 0, 2), 48, "a benchmark address"},
	{V6(0x20, 0x01), 23, "a reserved address"},
};

static const uint8_t v4_mapped[16] = V4(0, 0, 0);
static const uint8_t global_unicast[16] = V6(0x20); /* 2000::/3, all that IANA gives out */

/* IPv6 forms that carry an IPv4 address: NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380,
 * inverted). */
static const struct embedding {
	uint8_t address[16];
	uint8_t prefix_bits;
	uint8_t offset;
	uint8_t invert;
} embeddings[] = {
	{V6(0, 0x64, 0xff, 0x9b), 96, 12, 0},
	{V6(0x20, 0x02), 16, 2, 0},
	{V6(0x20, 0x01, 0, 0), 32, 12, 0xff},
};

/* https://fetch.spec.whatwg.org/#port-blocking, and two servers that take HTTP for commands (Redis,
 * memcached). Sorted. */
static const uint16_t bad_ports[] = {0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43,
	53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135,
	137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548,
	554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190,
	5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211};

static bool in_range(const uint8_t address[16], const uint8_t network[16], unsigned int bits)
{
	unsigned int bytes = bits / 8;

	if (memcmp(address, network, bytes) != 0)
		return false;
	return bits % 8 == 0 || ((address[bytes] ^ network[bytes]) >> (8 - bits % 8)) == 0;
}

static bool is_allowed(const struct guard *g, const uint8_t address[16])
{
	for (size_t i = 0; i < g->allowed_count; i++)
		if (in_range(address, g->allowed[i].address, g->allowed[i].prefix_bits))
			return true;
	return false;
}

/* Why an address is denied, or NULL. */
static const char *denial(const uint8_t address[16])
{
	for (size_t i = 0; i < sizeof denied / sizeof *denied; i++)
		if (in_range(address, denied[i].address, denied[i].prefix_bits))
			return denied[i].what;
	if (in_range(address, v4_mapped, V4_BITS) || in_range(address, global_unicast, 3))
		return NULL;
	return "a reserved address";
}

/* Replaces an address by the IPv4 one that it carries. */
static void unwrap(uint8_t address[16])
{
	uint8_t inner[16] = V4(0, 0, 0);

	for (size_t i = 0; i < sizeof embeddings / sizeof *embeddings; i++) {
		const struct embedding *m = &embeddings[i];

		if (!in_range(address, m->address, m->prefix_bits))
			continue;
		for (size_t k = 0; k < 4; k++)
			inner[12 + k] = address[m->offset + k] ^ m->invert;
		memcpy(address, inner, sizeof inner);
		return;
	}
}

static void map_v4(const void *v4, uint8_t out[16])
{
	memcpy(out, v4_mapped, 12);
	memcpy(out + 12, v4, 4);
}

static bool read_sockaddr(const struct sockaddr *sa, uint8_t ret_address[16], uint16_t *ret_port)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof v4);
		map_v4(&v4.sin_addr, ret_address);
		*ret_port = ntohs(v4.sin_port);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof v6);
		memcpy(ret_address, &v6.sin6_addr, 16);
		*ret_port = ntohs(v6.sin6_port);
		return true;
	}
	return false;
}

static void address_text(const uint8_t address[16], char out[INET6_ADDRSTRLEN])
{
	if (in_range(address, v4_mapped, V4_BITS))
		inet_ntop(AF_INET, address + 12, out, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, address, out, INET6_ADDRSTRLEN);
}

static int compare_ports(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

int guard_check(const struct guard *g, const struct sockaddr *address, struct err *e)
{
	uint8_t outer[16], inner[16];
	uint16_t port;
	const char *what;
	char text[INET6_ADDRSTRLEN], target[INET6_ADDRSTRLEN];

	if (!read_sockaddr(address, outer, &port))
		return err_set(e, ERR_BLOCKED, "not an internet address");
	memcpy(inner, outer, sizeof inner);
	unwrap(inner);
	if (is_allowed(g, outer) || is_allowed(g, inner))
		return 0;
	address_text(outer, text);
	address_text(inner, target);
	what = denial(inner);
	if (what && strcmp(text, target) != 0)
		return err_set(e, ERR_BLOCKED, "%s leads to %s, %s; allow it with allow = {\"%s\"}",
			text, target, what, text);
	if (what)
		return err_set(e, ERR_BLOCKED, "%s is %s; allow it with allow = {\"%s\"}", text,
			what, text);
	if (bsearch(&port, bad_ports, sizeof bad_ports / sizeof *bad_ports, sizeof *bad_ports,
		    compare_ports))
		return err_set(
			e, ERR_BLOCKED, "port %u belongs to another protocol than HTTP", port);
	return 0;
}

/* "/24"; NULL means the whole address. */
static bool read_bits(const char *slash, unsigned long max, unsigned long *ret_bits)
{
	char *end = NULL;

	*ret_bits = max;
	if (!slash)
		return true;
	if (slash[1] < '0' || slash[1] > '9')
		return false;
	*ret_bits = strtoul(slash + 1, &end, 10);
	return !*end && *ret_bits <= max;
}

int guard_allow(struct guard *g, const char *cidr, struct err *e)
{
	const char *slash = strchr(cidr, '/');
	size_t len = slash ? (size_t)(slash - cidr) : strlen(cidr);
	struct guard_network network;
	char text[INET6_ADDRSTRLEN];
	uint8_t v4[4];
	unsigned long bits;

	if (g->allowed_count == GUARD_NETWORKS_MAX)
		return err_set(
			e, ERR_TOO_BIG, "more than %d networks are allowed", GUARD_NETWORKS_MAX);
	if (len >= sizeof text)
		return err_set(e, ERR_INVALID, "\"%s\" is not an address or network", cidr);
	memcpy(text, cidr, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, v4) == 1 && read_bits(slash, 32, &bits)) {
		map_v4(v4, network.address);
		bits += V4_BITS;
	} else if (inet_pton(AF_INET6, text, network.address) != 1 ||
		   !read_bits(slash, 128, &bits)) {
		return err_set(e, ERR_INVALID, "\"%s\" is not an address or network", cidr);
	}
	network.prefix_bits = (uint8_t)bits;
	g->allowed[g->allowed_count++] = network;
	return 0;
}
