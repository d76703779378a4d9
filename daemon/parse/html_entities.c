/* Named and numeric character references of HTML. */
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "parse/encoding.h"
#include "parse/html.h"
#include "parse/html_parts.h"

enum { NAME_MAX_BYTES = 11, CODE_MAX = 0x10FFFF };

/* By the first letter, the commonest in front: the names of HTML 4 and those of HTML 5 that people
 * write. Behind a name stands "," when it is known without a semicolon, too, else ";"; then its
 * character, then NUL. An empty name ends the list. */
/* clang-format off */
static const char *const names[26] = {
	['a' - 'a'] = "amp,&\0apos;'\0auml,ä\0Aacute,Á\0aacute,á\0Abreve;Ă\0abreve;ă\0ac;∾\0"
		"Acirc,Â\0acirc,â\0acute,´\0AElig,Æ\0aelig,æ\0Agrave,À\0agrave,à\0alefsym;ℵ\0"
		"Alpha;Α\0alpha;α\0Amacr;Ā\0amacr;ā\0AMP,&\0and;∧\0ang;∠\0angst;Å\0Aogon;Ą\0"
		"aogon;ą\0approx;≈\0Aring,Å\0aring,å\0ast;*\0asymp;≈\0Atilde,Ã\0atilde,ã\0Auml,Ä\0",
	['b' - 'a'] = "bull;•\0bdquo;„\0Beta;Β\0beta;β\0bigstar;★\0blank;␣\0block;█\0"
		"boxh;─\0boxv;│\0brvbar,¦\0bsol;\\\0bullet;•\0",
	['c' - 'a'] = "copy,©\0Cacute;Ć\0cacute;ć\0cap;∩\0caret;⁁\0Ccaron;Č\0ccaron;č\0"
		"Ccedil,Ç\0ccedil,ç\0Ccirc;Ĉ\0ccirc;ĉ\0Cdot;Ċ\0cdot;ċ\0cedil,¸\0cent,¢\0"
		"centerdot;·\0check;✓\0Chi;Χ\0chi;χ\0circ;ˆ\0clubs;♣\0colon;:\0comma;,\0commat;@\0"
		"cong;≅\0COPY,©\0copysr;℗\0crarr;↵\0cross;✗\0ctdot;⋯\0cup;∪\0curren,¤\0",
	['d' - 'a'] = "Dagger;‡\0dagger;†\0dArr;⇓\0darr;↓\0dash;‐\0Dcaron;Ď\0dcaron;ď\0"
		"deg,°\0Delta;Δ\0delta;δ\0diams;♦\0divide,÷\0dollar;$\0Dstrok;Đ\0dstrok;đ\0"
		"dtdot;⋱\0dtri;▿\0",
	['e' - 'a'] = "eacute,é\0Eacute,É\0Ecaron;Ě\0ecaron;ě\0Ecirc,Ê\0ecirc,ê\0Edot;Ė\0"
		"edot;ė\0Egrave,È\0egrave,è\0ell;ℓ\0Emacr;Ē\0emacr;ē\0empty;∅\0emptyset;∅\0"
		"emsp;\342\200\203\0emsp13;\342\200\204\0emsp14;\342\200\205\0ENG;Ŋ\0eng;ŋ\0"
		"ensp;\342\200\202\0Eogon;Ę\0eogon;ę\0epsi;ε\0Epsilon;Ε\0epsilon;ε\0epsiv;ϵ\0"
		"equals;=\0equiv;≡\0Eta;Η\0eta;η\0ETH,Ð\0eth,ð\0Euml,Ë\0euml,ë\0euro;€\0excl;!\0"
		"exist;∃\0",
	['f' - 'a'] = "female;♀\0flat;♭\0fnof;ƒ\0forall;∀\0frac12,½\0frac13;⅓\0frac14,¼\0"
		"frac15;⅕\0frac18;⅛\0frac23;⅔\0frac34,¾\0frac38;⅜\0frac58;⅝\0frac78;⅞\0frasl;⁄\0",
	['g' - 'a'] = "gt,>\0Gamma;Γ\0gamma;γ\0Gbreve;Ğ\0gbreve;ğ\0Gcedil;Ģ\0Gcirc;Ĝ\0"
		"gcirc;ĝ\0Gdot;Ġ\0gdot;ġ\0ge;≥\0geq;≥\0grave;`\0GT,>\0",
	['h' - 'a'] = "hellip;…\0hairsp;\342\200\212\0half;½\0hArr;⇔\0harr;↔\0Hat;^\0"
		"Hcirc;Ĥ\0hcirc;ĥ\0hearts;♥\0horbar;―\0Hstrok;Ħ\0hstrok;ħ\0hyphen;‐\0",
	['i' - 'a'] = "Iacute,Í\0iacute,í\0Icirc,Î\0icirc,î\0Idot;İ\0iexcl,¡\0Igrave,Ì\0"
		"igrave,ì\0Imacr;Ī\0imacr;ī\0image;ℑ\0imath;ı\0incare;℅\0infin;∞\0infintie;⧝\0"
		"inodot;ı\0int;∫\0Iogon;Į\0iogon;į\0Iota;Ι\0iota;ι\0iquest,¿\0isin;∈\0Iuml,Ï\0"
		"iuml,ï\0",
	['j' - 'a'] = "Jcirc;Ĵ\0jcirc;ĵ\0",
	['k' - 'a'] = "Kappa;Κ\0kappa;κ\0Kcedil;Ķ\0kcedil;ķ\0",
	['l' - 'a'] = "lt,<\0lsquo;‘\0ldquo;“\0laquo,«\0Lacute;Ĺ\0lacute;ĺ\0Lambda;Λ\0"
		"lambda;λ\0lang;⟨\0lArr;⇐\0larr;←\0larrhk;↩\0lbrace;{\0lbrack;[\0Lcaron;Ľ\0"
		"lcaron;ľ\0Lcedil;Ļ\0lcedil;ļ\0lceil;⌈\0lcub;{\0ldquor;„\0le;≤\0leq;≤\0lfloor;⌊\0"
		"lowast;∗\0lowbar;_\0loz;◊\0lozf;⧫\0lpar;(\0lrm;\342\200\216\0lsaquo;‹\0lsqb;[\0"
		"lsquor;‚\0Lstrok;Ł\0lstrok;ł\0LT,<\0ltri;◃\0",
	['m' - 'a'] = "mdash;—\0middot,·\0macr,¯\0male;♂\0map;↦\0micro,µ\0minus;−\0mldr;…\0"
		"mp;∓\0Mu;Μ\0mu;μ\0",
	['n' - 'a'] = "nbsp,\302\240\0ndash;–\0nabla;∇\0Nacute;Ń\0nacute;ń\0natural;♮\0"
		"Ncaron;Ň\0ncaron;ň\0Ncedil;Ņ\0ncedil;ņ\0ne;≠\0nearr;↗\0nequiv;≢\0NewLine;\n\0"
		"ni;∋\0nldr;‥\0not,¬\0notin;∉\0nsub;⊄\0Ntilde,Ñ\0ntilde,ñ\0Nu;Ν\0nu;ν\0num;#\0"
		"numsp;\342\200\207\0nwarr;↖\0",
	['o' - 'a'] = "ouml,ö\0Oacute,Ó\0oacute,ó\0Ocirc,Ô\0ocirc,ô\0Odblac;Ő\0odblac;ő\0"
		"OElig;Œ\0oelig;œ\0Ograve,Ò\0ograve,ò\0ohm;Ω\0oline;‾\0Omega;Ω\0omega;ω\0"
		"Omicron;Ο\0omicron;ο\0oplus;⊕\0or;∨\0ordf,ª\0ordm,º\0Oslash,Ø\0oslash,ø\0"
		"Otilde,Õ\0otilde,õ\0otimes;⊗\0Ouml,Ö\0",
	['p' - 'a'] = "para,¶\0part;∂\0percnt;%\0period;.\0permil;‰\0perp;⊥\0Phi;Φ\0phi;φ\0"
		"phiv;ϕ\0phone;☎\0Pi;Π\0pi;π\0piv;ϖ\0plus;+\0plusmn,±\0pm;±\0pound,£\0Prime;″\0"
		"prime;′\0prod;∏\0prop;∝\0Psi;Ψ\0psi;ψ\0puncsp;\342\200\210\0",
	['q' - 'a'] = "quot,\"\0quest;?\0QUOT,\"\0",
	['r' - 'a'] = "rsquo;’\0rdquo;”\0Racute;Ŕ\0racute;ŕ\0radic;√\0rang;⟩\0raquo,»\0"
		"rArr;⇒\0rarr;→\0rarrhk;↪\0rbrace;}\0rbrack;]\0Rcaron;Ř\0rcaron;ř\0Rcedil;Ŗ\0"
		"rcedil;ŗ\0rceil;⌉\0rcub;}\0real;ℜ\0REG,®\0reg,®\0rfloor;⌋\0Rho;Ρ\0rho;ρ\0"
		"rlm;\342\200\217\0rpar;)\0rsaquo;›\0rsqb;]\0rsquor;’\0rtri;▹\0",
	['s' - 'a'] = "Sacute;Ś\0sacute;ś\0sbquo;‚\0Scaron;Š\0scaron;š\0Scedil;Ş\0scedil;ş\0"
		"Scirc;Ŝ\0scirc;ŝ\0sdot;⋅\0searr;↘\0sect,§\0semi;;\0sharp;♯\0shy,\302\255\0"
		"Sigma;Σ\0sigma;σ\0sigmaf;ς\0sim;∼\0sol;/\0spades;♠\0squ;□\0squf;▪\0star;☆\0"
		"starf;★\0straightphi;ϕ\0sub;⊂\0sube;⊆\0sum;∑\0sup;⊃\0sup1,¹\0sup2,²\0sup3,³\0"
		"supe;⊇\0swarr;↙\0szlig,ß\0",
	['t' - 'a'] = "Tab;\t\0Tau;Τ\0tau;τ\0Tcaron;Ť\0tcaron;ť\0Tcedil;Ţ\0tcedil;ţ\0"
		"there4;∴\0Theta;Θ\0theta;θ\0thetasym;ϑ\0thetav;ϑ\0thinsp;\342\200\211\0THORN,Þ\0"
		"thorn,þ\0tilde;˜\0times,×\0TRADE;™\0trade;™\0triangle;▵\0",
	['u' - 'a'] = "uuml,ü\0Uacute,Ú\0uacute,ú\0uArr;⇑\0uarr;↑\0Ucirc,Û\0ucirc,û\0"
		"Udblac;Ű\0udblac;ű\0Ugrave,Ù\0ugrave,ù\0Umacr;Ū\0umacr;ū\0uml,¨\0Uogon;Ų\0"
		"uogon;ų\0upsih;ϒ\0Upsilon;Υ\0upsilon;υ\0Uring;Ů\0uring;ů\0utri;▵\0Uuml,Ü\0",
	['v' - 'a'] = "varr;↕\0verbar;|\0Vert;‖\0vert;|\0",
	['w' - 'a'] = "Wcirc;Ŵ\0wcirc;ŵ\0weierp;℘\0",
	['x' - 'a'] = "Xi;Ξ\0xi;ξ\0",
	['y' - 'a'] = "Yacute,Ý\0yacute,ý\0Ycirc;Ŷ\0ycirc;ŷ\0yen,¥\0Yuml;Ÿ\0yuml,ÿ\0",
	['z' - 'a'] = "Zacute;Ź\0zacute;ź\0Zcaron;Ž\0zcaron;ž\0Zdot;Ż\0zdot;ż\0Zeta;Ζ\0"
		"zeta;ζ\0zwj;\342\200\215\0zwnj;\342\200\214\0",
};
/* clang-format on */

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_alnum(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

/* The character of the longest known name that `name` begins with, NULL for none. `closed`: a
 * semicolon follows the whole of it. */
static const char *find_name(const char *name, size_t len, bool closed, size_t *ret_len)
{
	const char *entry = len > 1 && is_letter(*name) ? names[(*name | 0x20) - 'a'] : NULL;
	const char *found = NULL;

	for (*ret_len = 0; entry && *entry && *ret_len < len; entry += strlen(entry) + 1) {
		size_t n = 0;

		while (n < len && entry[n] == name[n])
			n++;
		if (n > *ret_len && (entry[n] == ',' || (entry[n] == ';' && closed && n == len))) {
			found = entry + n + 1;
			*ret_len = n;
		}
	}
	return found;
}

const char *html_entity(const char *name, size_t len)
{
	size_t found_len;
	const char *text = find_name(name, len, true, &found_len);

	return found_len == len ? text : NULL;
}

/* The value of a digit, or 16 for what is none. */
static uint32_t digit(char c)
{
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0');
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (uint32_t)((c | 0x20) - 'a' + 10);
	return 16;
}

/* The bytes of the character that a number stands for; see html_reference(). */
static size_t put_code(uint32_t code, char ret_text[HTML_REFERENCE_BYTES])
{
	if (code >= 128 && code < 160)
		code = encoding_windows_1252(code);
	else if (code == 0 || (code & 0xFFFE) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF))
		code = UTF8_REPLACEMENT;
	else if (code == '\r')
		code = ' ';
	else if ((code < 32 && code != '\t' && code != '\n') || code == 127)
		code = 0;
	return code ? utf8_put(code, ret_text) : 0;
}

size_t html_number(const char *s, const char *end, uint32_t *ret_code)
{
	bool hex = end - s > 2 && (s[2] | 0x20) == 'x';
	const char *digits = s + 2 + hex, *p = digits;
	uint32_t base = hex ? 16 : 10, code = 0;

	for (; p < end && digit(*p) < base; p++)
		if (code <= CODE_MAX)
			code = code * base + digit(*p);
	if (p <= digits)
		return 0;
	*ret_code = code;
	return (size_t)(p - s) + (p < end && *p == ';');
}

size_t html_reference(const char *s, const char *end, bool in_attribute,
	char ret_text[HTML_REFERENCE_BYTES], size_t *ret_len)
{
	const char *name = s + 1, *text;
	size_t len = 0, found_len, room = (size_t)(end - name);
	uint32_t code;
	bool closed;

	if (room > 0 && *name == '#') {
		len = html_number(s, end, &code);
		if (len > 0)
			*ret_len = put_code(code, ret_text);
		return len;
	}
	while (len < room && len <= NAME_MAX_BYTES && is_alnum(name[len]))
		len++;
	closed = len < room && name[len] == ';';
	text = find_name(name, len, closed, &found_len);
	closed = closed && found_len == len;
	if (!text)
		return 0;
	if (in_attribute && !closed && found_len < room &&
		(is_alnum(name[found_len]) || name[found_len] == '='))
		return 0;
	*ret_len = strlen(text);
	memcpy(ret_text, text, *ret_len);
	return 1 + found_len + closed;
}

void html_decode(const char *text, size_t len, bool in_attribute, struct buf *out)
{
	const char *end = text + len;

	while (text < end) {
		const char *amp = memchr(text, '&', (size_t)(end - text));
		char decoded[HTML_REFERENCE_BYTES];
		size_t taken, decoded_len = 1;

		buf_append(out, text, (size_t)((amp ? amp : end) - text));
		if (!amp)
			return;
		taken = html_reference(amp, end, in_attribute, decoded, &decoded_len);
		buf_append(out, taken ? decoded : "&", decoded_len);
		text = amp + (taken ? taken : 1);
	}
}

void html_decode_entities(const char *text, size_t len, struct buf *out)
{
	html_decode(text, len, false, out);
}
