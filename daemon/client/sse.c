/* Reads Server-Sent Events line by line. Lines end in LF or CRLF; the lone CR of the standard is
 * nothing tidingsd sends. */
#include "client/sse.h"

#include <stdlib.h>
#include <string.h>

void sse_init(struct sse *s)
{
	s->in.max = s->data.max = CLIENT_ANSWER_MAX;
	s->in.len = s->at = s->data.len = 0;
	s->name[0] = '\0';
	memcpy(s->id, s->last_id, sizeof(s->id));
	s->delivered = false;
}

int sse_feed(struct sse *s, const char *bytes, size_t len)
{
	if (s->at > 0) {
		memmove(s->in.data, s->in.data + s->at, s->in.len - s->at);
		s->in.len -= s->at;
		s->at = 0;
	}
	return bytes_add(&s->in, bytes, len);
}

/* What does not fit is dropped whole: half a name would mean something else. */
static void copy_field(char *out, size_t size, const char *value)
{
	if (strlen(value) < size)
		memcpy(out, value, strlen(value) + 1);
}

/* "name: value", "name:value" or "name"; a line that begins with a colon is a comment. */
static int take_line(struct sse *s, char *line)
{
	char *value = line + strcspn(line, ":");
	if (*value)
		*value++ = '\0';
	if (*value == ' ')
		value++;
	if (strcmp(line, "data") == 0) {
		int rc = bytes_add(&s->data, value, strlen(value));
		return rc ? rc : bytes_add(&s->data, "\n", 1);
	}
	if (strcmp(line, "event") == 0)
		copy_field(s->name, sizeof(s->name), value);
	else if (strcmp(line, "id") == 0)
		copy_field(s->id, sizeof(s->id), value);
	else if (strcmp(line, "retry") == 0 && *value && strlen(value) <= 7 &&
		 !value[strspn(value, "0123456789")])
		s->retry_ms = (int)strtol(value, NULL, 10);
	return 0;
}

/* A blank line: the id counts even when there was no data. True when there is an event to deliver.
 */
static bool dispatch(struct sse *s, struct tidings_event *ret_event)
{
	memcpy(s->last_id, s->id, sizeof(s->last_id));
	if (s->data.len == 0) {
		s->name[0] = '\0';
		return false;
	}
	s->data.data[--s->data.len] = '\0';
	s->delivered = true;
	*ret_event = (struct tidings_event){.name = s->name[0] ? s->name : "message",
		.id = s->last_id,
		.data = s->data.data,
		.data_length = s->data.len};
	return true;
}

int sse_next(struct sse *s, struct tidings_event *ret_event)
{
	if (s->delivered) {
		s->delivered = false;
		s->data.len = 0;
		s->name[0] = '\0';
	}
	while (s->at < s->in.len) {
		char *line = s->in.data + s->at;
		char *end = memchr(line, '\n', s->in.len - s->at);
		if (!end)
			return 0;
		s->at += (size_t)(end - line) + 1;
		if (end > line && end[-1] == '\r')
			end--;
		*end = '\0';
		if (end == line && dispatch(s, ret_event))
			return 1;
		int rc = take_line(s, line);
		if (rc < 0)
			return rc;
	}
	return 0;
}

void sse_finish(struct sse *s)
{
	free(s->in.data);
	free(s->data.data);
}
