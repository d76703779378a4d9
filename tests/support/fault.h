/* Makes the n-th allocation fail, to see that running out of memory is survived. */
#ifndef TESTS_SUPPORT_FAULT_H
#define TESTS_SUPPORT_FAULT_H

/* Every unit test is linked with malloc, calloc, realloc, strdup, strndup and asprintf wrapped (see
 *tests/CMakeLists.txt): this reaches the objects of the program, not the shared libraries, which
 *have switches of their own (curl_global_init_mem, xmlMemSetup, uv_replace_allocator,
 *SQLITE_CONFIG_MALLOC, json_set_alloc_funcs: hand them fault_malloc() and its kin). Counts all
 *threads.
 *
 *	for (long n = 0;; n++) {
 *		fault_malloc_after(n);
 *		rc = the_thing();
 *		if (fault_malloc_off() == 0)
 *			break;                   // it asked for n pieces at most: all were tried
 *		assert_int_equal(rc, ERR_NOMEM);
 *	}
 *
 * Not reached are what libraries of C++ (uchardet) and the C library itself (iconv, the user
 * database) ask for. */

/* The next `n` allocations succeed, and the one after them fails; `fault_malloc_from` fails all
 * after them, too. Both set the count to 0. */
void fault_malloc_after(long n);
void fault_malloc_from(long n);

/* Allocations asked for since then. */
long fault_malloc_count(void);

/* Nothing fails any more. Returns how many have failed. */
long fault_malloc_off(void);

#include <stdbool.h>
#include <stddef.h>

/* The counted allocator, for the libraries' switches. */
void *fault_malloc(size_t size);
void *fault_calloc(size_t count, size_t size);
void *fault_realloc(void *p, size_t size);
char *fault_strdup(const char *s);
void fault_free(void *p);

/* malloc() and realloc() that are neither counted nor fail when `spared`. */
void *fault_malloc_unless(bool spared, size_t size);
void *fault_realloc_unless(bool spared, void *p, size_t size);

/* For jansson. Powers of two it gets: out of memory for a longer string (32, 64, ...) its parser
 * goes on and writes behind the shorter one (2.14, lex_save()). */
void *fault_json_malloc(size_t size);

/* libuv gets it, before its first loop. Not its realloc(): it aborts when the table of descriptors
 * cannot grow. */
void fault_use_uv(void);

/* Every n is tried in the plain build; the address sanitizer makes each try dear and looks at one
 * in so many. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FAULT_THIN 3
#endif
#endif
#ifndef FAULT_THIN
#define FAULT_THIN 1
#endif

#endif
