/* Failing allocations: the linker sends malloc() and its kin here (-Wl,--wrap=malloc). */
#include "support/fault.h"

#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t len);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t len);
int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **out, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static atomic_long asked;
static atomic_long failed;
static atomic_long first = LONG_MAX; /* the first allocation to fail, and the last */
static atomic_long last = LONG_MAX;

void fault_malloc_after(long n)
{
	atomic_store(&first, LONG_MAX);
	atomic_store(&asked, 0);
	atomic_store(&failed, 0);
	atomic_store(&last, n);
	atomic_store(&first, n);
}

void fault_malloc_from(long n)
{
	fault_malloc_after(n);
	atomic_store(&last, LONG_MAX);
}

long fault_malloc_count(void)
{
	return atomic_load(&asked);
}

long fault_malloc_off(void)
{
	atomic_store(&first, LONG_MAX);
	return atomic_load(&failed);
}

static bool fails(void)
{
	long n = atomic_fetch_add(&asked, 1);

	if (n < atomic_load(&first) || n > atomic_load(&last))
		return false;
	atomic_fetch_add(&failed, 1);
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t len)
{
	return fails() ? NULL : __real_strndup(s, len);
}

__attribute__((format(printf, 2, 0))) static int print(char **out, const char *format, va_list args)
{
	return fails() ? -1 : vasprintf(out, format, args);
}

int __wrap_asprintf(char **out, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = print(out, format, args);
	va_end(args);
	return len;
}

/* What asprintf() becomes with _FORTIFY_SOURCE. */
int __wrap___asprintf_chk(char **out, int flag, const char *format, ...)
{
	va_list args;
	int len;

	(void)flag;
	va_start(args, format);
	len = print(out, format, args);
	va_end(args);
	return len;
}

void *fault_malloc(size_t size)
{
	return malloc(size);
}

void *fault_calloc(size_t count, size_t size)
{
	return calloc(count, size);
}

void *fault_realloc(void *p, size_t size)
{
	return realloc(p, size);
}

char *fault_strdup(const char *s)
{
	return strdup(s);
}

void fault_free(void *p)
{
	free(p);
}

void *fault_malloc_unless(bool spared, size_t size)
{
	return spared ? __real_malloc(size) : malloc(size);
}

void *fault_realloc_unless(bool spared, void *p, size_t size)
{
	return spared ? __real_realloc(p, size) : realloc(p, size);
}

void *fault_json_malloc(size_t size)
{
	return fault_malloc_unless(size >= 32 && (size & (size - 1)) == 0, size);
}

static void *real_realloc(void *p, size_t size)
{
	return __real_realloc(p, size);
}

void fault_use_uv(void)
{
	(void)uv_replace_allocator(fault_malloc, real_realloc, fault_calloc, fault_free);
}
