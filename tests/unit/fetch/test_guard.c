/* Tests of the wall: addresses, embedded addresses, ports, allowed networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "fetch/guard.h"

/* Checks a literal address; fails the test for what is none. */
static int check(const struct guard *g, const char *text, uint16_t port, struct err *e)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return guard_check(g, (const struct sockaddr *)&v4, e);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return guard_check(g, (const struct sockaddr *)&v6, e);
}

static const struct {
	const char *address;
	const char *what; /* part of the reason; NULL: free to go */
} addresses[] = {
	{"0.0.0.0", "of this network"},
	{"0.255.255.255", "of this network"},
	{"1.0.0.0", NULL},
	{"9.255.255.255", NULL},
	{"10.0.0.0", "a private"},
	{"10.255.255.255", "a private"},
	{"11.0.0.0", NULL},
	{"100.63.255.255", NULL},
	{"100.64.0.0", "a shared"},
	{"100.127.255.255", "a shared"},
	{"100.128.0.0", NULL},
	{"126.255.255.255", NULL},
	{"127.0.0.1", "127.0.0.1 is a loopback address; allow it with allow = {\"127.0.0.1\"}"},
	{"127.255.255.255", "a loopback"},
	{"128.0.0.0", NULL},
	{"169.253.255.255", NULL},
	{"169.254.169.254", "a link-local"},
	{"169.255.0.0", NULL},
	{"172.15.255.255", NULL},
	{"172.16.0.0", "a private"},
	{"172.31.255.255", "a private"},
	{"172.32.0.0", NULL},
	{"191.255.255.255", NULL},
	{"192.0.0.0", "a reserved"},
	{"192.0.0.255", "a reserved"},
	{"192.0.1.0", NULL},
	{"192.0.2.1", "a documentation"},
	{"192.0.3.0", NULL},
	{"192.88.99.1", "a reserved"},
	{"192.167.255.255", NULL},
	{"192.168.0.0", "a private"},
	{"192.168.255.255", "a private"},
	{"192.169.0.0", NULL},
	{"198.17.255.255", NULL},
	{"198.18.0.0", "a benchmark"},
	{"198.19.255.255", "a benchmark"},
	{"198.20.0.0", NULL},
	{"198.51.100.7", "a documentation"},
	{"203.0.113.7", "a documentation"},
	{"203.0.114.0", NULL},
	{"223.255.255.255", NULL},
	{"224.0.0.1", "a multicast"},
	{"239.255.255.255", "a multicast"},
	{"240.0.0.0", "a reserved"},
	{"255.255.255.255", "a reserved"},
	{"93.184.216.34", NULL},

	{"::", "a reserved"},
	{"::1", "a loopback"},
	{"::2", "a reserved"},
	{"::127.0.0.1", "a reserved"},     /* v4-compatible, RFC 4291, 2.5.5.1 */
	{"::ffff:0:7f00:1", "a reserved"}, /* translated, RFC 2765 */
	{"100::1", "a reserved"},
	{"1fff::1", "a reserved"},
	{"2000::1", NULL},
	{"2606:2800:220:1::1", NULL},
	{"2a00:1450:4001::1", NULL},
	{"2001:1::1", "a reserved"},
	{"2001:2::1", "a benchmark"},
	{"2001:2:1::1", "a reserved"},
	{"2001:1ff::1", "a reserved"},
	{"2001:200::1", NULL},
	{"2001:db8::1", "a documentation"},
	{"2001:db9::1", NULL},
	{"3ffe::1", NULL},
	{"3fff::1", "a documentation"},
	{"3fff:1000::1", NULL},
	{"4000::1", "a reserved"},
	{"5f00::1", "a reserved"},
	{"fbff::1", "a reserved"},
	{"fc00::1", "a private"},
	{"fdff::1", "a private"},
	{"fe80::1", "a link-local"},
	{"febf::1", "a link-local"},
	{"fec0::1", "a private"},
	{"ff02::1", "a multicast"},

	{"::ffff:127.0.0.1", "127.0.0.1 is a loopback"},
	{"::ffff:10.1.2.3", "10.1.2.3 is a private"},
	{"::ffff:169.254.169.254", "a link-local"},
	{"::ffff:93.184.216.34", NULL},
	{"64:ff9b::7f00:1", "64:ff9b::7f00:1 leads to 127.0.0.1, a loopback"},
	{"64:ff9b::c0a8:101", "a private"},
	{"64:ff9b::5db8:d822", NULL},
	{"64:ff9b:0:0:0:1::", "a reserved"},
	{"64:ff9b:1::5db8:d822", "a private"},
	{"2002:7f00:1::1", "leads to 127.0.0.1, a loopback"},
	{"2002:a00:1::1", "a private"},
	{"2002:5db8:d822::1", NULL},
	{"2001:0:5db8:d822:0:0:80ff:fffe", "leads to 127.0.0.1, a loopback"},
	{"2001:0:5db8:d822:0:0:f5ff:fffe", "a private"},
	{"2001:0:5db8:d822:0:0:a247:27dd", NULL},
};

static void test_addresses(void **state)
{
	struct guard g = {.allowed_count = 0};

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct err e = {0};
		int rc = check(&g, addresses[i].address, 80, &e);

		if (rc != (addresses[i].what ? ERR_BLOCKED : 0))
			fail_msg("%s: %d %s", addresses[i].address, rc, e.text);
		if (addresses[i].what && !strstr(e.text, addresses[i].what))
			fail_msg("%s: %s", addresses[i].address, e.text);
	}
}

static const struct {
	const char *cidr;
	const char *inside;  /* free to go because of it */
	const char *outside; /* still denied; may be NULL */
} networks[] = {
	{"127.0.0.0/8", "127.255.0.1", "10.0.0.1"},
	{"127.0.0.1", "127.0.0.1", "127.0.0.2"},
	{"127.0.0.1/8", "127.9.9.9", "128.0.0.1.invalid"}, /* host bits do not matter */
	{"10.32.0.0/11", "10.63.255.255", "10.64.0.0"},
	{"192.168.1.0/31", "192.168.1.1", "192.168.1.2"},
	{"0.0.0.0/0", "169.254.169.254", "::1"},
	{"::1", "::1", "127.0.0.1"},
	{"fd00::/8", "fdab::1", "fc00::1"},
	{"::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0.invalid"},
	{"::/0", "fe80::1", NULL},
	{"10.0.0.0/8", "64:ff9b::a00:1", "64:ff9b::7f00:1"},
	{"10.0.0.0/8", "::ffff:10.0.0.1", "::ffff:192.168.0.1"},
	{"64:ff9b::/96", "64:ff9b::7f00:1", "2002:7f00:1::1"},
};

static void test_allowed_networks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
		struct guard g = {.allowed_count = 0};
		struct err e = {0};

		assert_int_equal(guard_allow(&g, networks[i].cidr, &e), 0);
		if (check(&g, networks[i].inside, 80, &e))
			fail_msg("%s: %s", networks[i].cidr, e.text);
		if (networks[i].outside && !strstr(networks[i].outside, "invalid") &&
			check(&g, networks[i].outside, 80, &e) != ERR_BLOCKED)
			fail_msg("%s lets %s pass", networks[i].cidr, networks[i].outside);
	}
}

static void test_bad_networks(void **state)
{
	static const char *const bad[] = {"", "/", "/8", "10", "10.0.0.0/", "10.0.0.0/33",
		"10.0.0.0/-1", "10.0.0.0/ 8", "10.0.0.0/8x", "10.0.0.0/0x8", "10.0.0.0/99999999999",
		"::/129", "::1/", "fd00::/8/8", "localhost", "010.0.0.1", "256.0.0.1",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999", "fe80::1%eth0"};
	struct guard g = {.allowed_count = 0};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (guard_allow(&g, bad[i], &e) != ERR_INVALID)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(g.allowed_count, 0);
	for (int i = 0; i < GUARD_NETWORKS_MAX; i++)
		assert_int_equal(guard_allow(&g, "10.0.0.0/8", &e), 0);
	assert_int_equal(guard_allow(&g, "10.0.0.0/8", &e), ERR_TOO_BIG);
}

static void test_ports(void **state)
{
	static const uint16_t bad[] = {0, 1, 19, 21, 22, 23, 25, 53, 110, 143, 179, 389, 465, 587,
		636, 993, 995, 2049, 5060, 6000, 6379, 6665, 6669, 6697, 10080, 11211};
	static const uint16_t good[] = {
		2, 80, 443, 8, 591, 1080, 3000, 5000, 6664, 6670, 8000, 8080, 8443, 10081, 65535};
	struct guard g = {.allowed_count = 0};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(check(&g, "93.184.216.34", bad[i], &e), ERR_BLOCKED);
		assert_non_null(strstr(e.text, "belongs to another protocol"));
		assert_int_equal(check(&g, "2606:2800:220:1::1", bad[i], &e), ERR_BLOCKED);
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(check(&g, "93.184.216.34", good[i], &e), 0);
	assert_int_equal(guard_allow(&g, "127.0.0.0/8", &e), 0);
	assert_int_equal(check(&g, "127.0.0.1", 25, &e), 0);
}

static void test_other_families(void **state)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	struct guard g = {.allowed_count = 0};
	struct err e = {0};

	(void)state;
	assert_int_equal(guard_allow(&g, "::/0", &e), 0);
	assert_int_equal(guard_check(&g, (const struct sockaddr *)&local, &e), ERR_BLOCKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_allowed_networks),
		cmocka_unit_test(test_bad_networks),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_other_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
