/* Text as XML 1.0 holds it, and HTML. */
#ifndef TIDINGS_BASE_XML_H
#define TIDINGS_BASE_XML_H

#include <stddef.h>

#include "base/buf.h"

/* Text is well-formed UTF-8. What XML cannot hold is left out (XML 1.0, 2.2); failures are sticky
 * in the buffer. Names are trusted. */

void xml_put_text(struct buf *out, const char *text);

/* ' NAME="VALUE"', line ends and tabs kept (3.3.3). */
void xml_put_attribute(struct buf *out, const char *name, const char *value);

/* A URL, or a text that may be one, without its userinfo (C44): as text, as an attribute. */
void xml_put_shown(struct buf *out, const char *text);
void xml_put_url(struct buf *out, const char *name, const char *url);

/* "<NAME>TEXT</NAME>", the text as xml_put_shown(); nothing for NULL. */
void xml_put_element(struct buf *out, const char *name, const char *text);

#endif
