"""What the cleaner lets through, judged by an HTML5 parser that is not ours.

Cleans every text of tests/data and of the fuzzers' corpora, a list of attacks, and mutations of all of them by a fixed seed; parses each
result with html5lib, and asserts that nothing outside the lists below is in the tree, that the tree is the very one that the tags of the
result show (so no browser moves anything, or opens what is not written), that it is bounded in depth, that its text is what html_text()
gives, and that cleaning again changes nothing.

  html_independent.py --source DIR --build DIR [--also FOLDER] [--mutations N]
"""

import argparse
import html
import os
import random
import re
import subprocess
import sys

try:
    import html5lib
except ImportError:
    # an interpreter of one's own does not look where Debian puts modules
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        import html5lib
    except ImportError:
        print("skipped: python3-html5lib is not installed")
        sys.exit(77)

HTML = "{http://www.w3.org/1999/xhtml}"
BASE = "http://example.com/a/b.html"
DEPTH_MAX = 256
SEED = 20180123
VOID = {"br", "col", "hr", "img", "source", "track", "wbr"}
ELEMENTS = VOID | set(
    "a abbr acronym address article aside audio b bdi bdo big blockquote caption center cite code colgroup dd del details dfn dir div dl dt "
    "em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup i ins kbd li main mark menu nav ol p picture pre q rp rt ruby s samp "
    "section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var video".split()
)
MEDIA = {"img", "source", "track", "audio", "video"}
ATTRIBUTES = {  # attribute: the elements that may have it; None: all
    **dict.fromkeys("title lang dir align valign width height border type".split()),
    **dict.fromkeys("href rel".split(), {"a"}),
    **dict.fromkeys("srcset sizes".split(), {"img", "source"}),
    **dict.fromkeys("controls loop muted".split(), {"audio", "video"}),
    **dict.fromkeys("kind srclang label default".split(), {"track"}),
    **dict.fromkeys("colspan rowspan scope abbr".split(), {"td", "th"}),
    **dict.fromkeys("cellpadding cellspacing".split(), {"table"}),
    **dict.fromkeys("start reversed".split(), {"ol"}),
    "src": MEDIA,
    "poster": {"video"},
    "alt": {"img"},
    "media": {"source"},
    "cite": {"blockquote", "q", "ins", "del"},
    "datetime": {"time", "ins", "del"},
    "span": {"col", "colgroup"},
    "value": {"li"},
    "open": {"details"},
}
LINKS = set("http https mailto tel sms magnet ftp ftps feed geo gemini git gopher irc ircs matrix news nntp rtsp sftp sip sips svn webcal xmpp".split())
IMAGE = re.compile(r"data:image/(gif|png|jpeg|webp);base64,[A-Za-z0-9+/=]*\Z", re.I)

# html5lib's list of special elements is older than the standard's.
special = html5lib.constants.specialElements | {
    (HTML[1:-1], n) for n in "figcaption hgroup main search source summary track".split()
}
html5lib.treebuilders.base.specialElements = html5lib.html5parser.specialElements = special


def problem_of_url(value, loaded):
    """What a browser would do with it: strip, drop line ends and tabs, then look for a scheme."""
    url = re.sub(r"[\t\n\r]", "", value.strip("".join(map(chr, range(33)))))
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", url)
    if not scheme or scheme.group(1).lower() in ({"http", "https"} if loaded else LINKS) or loaded and IMAGE.match(url):
        return None
    return f"the scheme of {value!r}"


def problem_of_attribute(element, name, value):
    if name not in ATTRIBUTES or element not in (ATTRIBUTES[name] or ELEMENTS):
        return f"{name} on {element}"
    if name == "srcset":
        urls = [part.split()[0] for part in value.split(", ")]
        return next(filter(None, (problem_of_url(u, True) for u in urls)), None)
    if name in ("href", "cite"):
        return problem_of_url(value, False)
    return problem_of_url(value, True) if name in ("src", "poster") else None


class Shape:
    """A tree as a flat list of tags and texts; the row groups that HTML5 adds by itself left out."""

    def __init__(self):
        self.rows, self.text = [], []

    def add_text(self, text):
        if text:
            self.text.append(text)

    def add(self, row):
        if row.split(" ")[0].strip("/") in ("tbody", "colgroup"):
            return
        if self.text:
            self.rows.append("=" + "".join(self.text))
            self.text = []
        self.rows.append(row)


def shape_of_tags(clean):
    """By the tags as they are written."""
    shape, in_pre = Shape(), False
    for text, tag in re.findall(r"([^<]+)|<([^>]*)>", clean):
        if text:
            text = html.unescape(text)
            shape.add_text(text.lstrip("\n") if in_pre else text)
        else:
            shape.add(html.unescape(re.sub(r'="([^"]+)"', r"=\1", tag.replace('=""', ""))))
        in_pre = re.match(r"pre\b", tag) is not None
    shape.add("")
    return shape.rows


def walk(node, shape, depth, state):
    if not isinstance(node.tag, str) or not node.tag.startswith(HTML):
        state["problem"] = f"{node.tag} in the tree"
        return
    name = node.tag[len(HTML):]
    if name not in ELEMENTS:
        state["problem"] = f"the element {name}"
    for key, value in node.attrib.items():
        state["problem"] = state["problem"] or problem_of_attribute(name, key, value)
    state["depth"] = max(state["depth"], depth)
    shape.add(" ".join([name, *(k + (v and "=" + v) for k, v in node.attrib.items())]))
    # A <pre> swallows one line end; html5lib not everywhere.
    shape.add_text(node.text and node.text.lstrip("\n") if name == "pre" else node.text)
    for child in node:
        walk(child, shape, depth + (name != "tbody"), state)
        shape.add_text(child.tail)
    if name not in VOID:
        shape.add("/" + name)


def letters(text):
    return re.sub(r"[\s\u00a0-]+", "", text)


def problem_of(once, twice, text):
    """What is wrong with a cleaned text, or None."""
    if once != twice:
        return f"cleaned again: {twice!r}"
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"))
    tree = parser.parseFragment(once)
    shape, state = Shape(), {"problem": None, "depth": 0}
    shape.add_text(tree.text)
    for child in tree:
        walk(child, shape, 1, state)
        shape.add_text(child.tail)
    shape.add("")
    if state["problem"]:
        return state["problem"]
    if state["depth"] > DEPTH_MAX:
        return f"{state['depth']} deep"
    mine = shape_of_tags(once)
    if mine != shape.rows:
        at = next((i for i, (a, b) in enumerate(zip(mine, shape.rows)) if a != b), min(len(mine), len(shape.rows)))
        return f"another tree: {mine[at:at + 3]} is read as {shape.rows[at:at + 3]}"
    if letters("".join(tree.itertext())) != letters(text):
        return f"another text: {text!r}"
    return None


def clean_all(program, texts):
    """(once, twice, plain text) of each."""
    feed = b"".join(b"%d\n%s" % (len(t), t) for t in texts)
    out = subprocess.run([program, BASE], input=feed, stdout=subprocess.PIPE, check=True).stdout
    parts, at = [], 0
    while at < len(out):
        end = out.index(b"\n", at)
        size = int(out[at:end])
        parts.append(out[end + 1:end + 1 + size].decode())
        at = end + 1 + size
    return list(zip(parts[::3], parts[1::3], parts[2::3]))


def files_under(folder):
    for here, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            with open(os.path.join(here, name), "rb") as file:
                yield file.read()


def texts_of_files(folders):
    """Each file as it is, what is escaped in it, and what stands in its CDATA sections."""
    for folder in folders:
        for data in files_under(folder):
            text = data.decode("utf-8", "replace")
            yield text
            yield html.unescape(text)
            yield from re.findall(r"<!\[CDATA\[(.*?)\]\]>", text, re.S)


ATTACKS = """
<p title="a&quot;onclick=x">b<p title='"><script>x</script>'>c
<img src=x:y onerror=z><img src="java&Tab;script&colon;z"><img src=" &#1; javascript:z">
<a href="&#106;&#x61;vascript:z">a</a><a href="JAVA\tSCRIPT:z">b</a><a href="\x01javascript:z">c</a>
<a href="vbscript&#58z">a</a><a href="data&colon;text/html,<script>z</script>">b</a>
<svg><desc><p title="</desc><img src=x onerror=z>"></svg><svg><title><style></title><img onerror=z></svg>
<math><mi><table><mglyph><style><!--</style><img title="--><img src=x onerror=z>"></table></mi></math>
<math><annotation-xml encoding="text/html"><style><img src=x onerror=z></style></annotation-xml></math>
<form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=z src>">
<noscript><style></noscript><img src=x onerror=z></style>
<style><style/><img src=x onerror=z>
<textarea></textarea/><script>z</script></textarea><title></title ><b onclick=z>x</b></title>
<iframe srcdoc="<script>z</script>"></iframe><iframe src=https://player.vimeo.com/video/1?a&b></iframe>
<iframe src="https://www.youtube.com/embed/x" width=560></iframe><a href=q><iframe src=//www.youtube.com/embed/y></iframe></a>
<template><p>a<template><td>b</template></template><td>c
<table><tr><td>a<table>b<tr><svg><td><p>c</table>d</table>e
<table><caption><a href=x>y<table><td><a href=z>w<caption>v
<table><colgroup>a<col>b<tbody>c<tr>d<form><input><td>e<select><option>f<tr>g
<p><a href=x><b><div>a<p>b</a>c<table><p>d<ul>e<p>f
<a href=1><div><a href=2><p><a href=3><li><a href=4>x
<ul><li><address><li><main><li><figcaption><li><div><li><p><li>x
<h1><b><h2><p><h3><i><h4>x</h1>y</h2>z
<b><i><p><b><i><p><b><i><div>x</b></i></p>y
<ruby><rt>a<p>b<rt>c<rp><li>d<rp>e</ruby><rt><b><rt>
<dl><dt><dd><dl><dt><p><dd><a href=x><dt></dl>y
<button><p><button><p><nobr><b><nobr><object><p></object></nobr><marquee><p></marquee>
<pre>\n\na</pre><pre><b>\na</b></pre><pre>&#10;b</pre><listing>\nx</listing><textarea>\n\ny</textarea>
<plaintext><b>x</b></plaintext>
<![CDATA[<b>a]]>b<?php echo "<b>"; ?>c<!doctype html><!-->d<!--->e--!>f<! g>h</>i</ j>k
<frameset><frame><body><html><head><p>x</head>y</body></html>z
<video src=a><source src=b><track src=c kind=x><p>d<div>e</video><audio><p>f</audio>
<img srcset="javascript:z 1x, b 2x, data:image/png;base64,AA 3x,, c" src=d><img src=data:image/png;base64,A&#61;>
<img src="//feeds.feedburner.com/~r/x"><img src=y width=1 height=1><img width=0 src=z height=0>
<img data-src=a src=data:image/gif;base64,x><img data-original=javascript:z>
<select><p>a<svg><p>b<select><b>c</select>d<datalist><option>e
<details><summary><p>a<summary>b</details><center><dir><menu><p>c<dir>d
<em>a</\0b>c<b\0>d</b\0>\0<p \0=e title=\0f>g
<x:y><o:p></o:p><a:b c:d=e>f</a:b><image src=g><keygen><isindex>h
""".strip().split("\n")

PIECES = (
    "<p>|</p>|<div>|</div>|<b>|</b>|<i>|</i>|<a href=x>|</a>|<a>|<ul>|</ul>|<ol>|<li>|</li>|<dl>|<dt>|<dd>|<table>|</table>|<tr>|</tr>|<td>|</td>|<th>|"
    "<tbody>|<thead>|</tbody>|<caption>|</caption>|<colgroup>|<col>|<h1>|</h1>|<h2>|<pre>|</pre>|<blockquote>|</blockquote>|<br>|</br>|<hr>|<span>|"
    "</span>|<ruby>|</ruby>|<rt>|<rp>|<svg>|</svg>|<math>|</math>|<mtext>|<style>|</style>|<script>|</script>|<title>|</title>|<textarea>|</textarea>|"
    "<template>|</template>|<select>|</select>|<option>|<noscript>|</noscript>|<iframe>|</iframe>|<xmp>|</xmp>|<plaintext>|<form>|</form>|<button>|<object>|"
    "<foreignObject>|<annotation-xml encoding=text/html>|<img src=x>|<img|<image>|<video>|</video>|<figure>|<figcaption>|<details>|<summary>|<main>|"
    "<address>|</address>|<!--|-->|--!>|<!|<?|</|<|>|\"|'|`|=|/|&|&#|&lt;|&#x3c;|&amp;lt;|&quot;|&nbsp;|&Tab;|&colon;|;|]]>|<![CDATA[|\n|\t| |\0|\f|\r\n|"
    " href=|javascript:| title=\"| onload=x| src='|x|word|\u00a0|\u2028|\u00e9|\ufffd|\U0001f642"
).split("|")


def mutate(rng, texts):
    """One text of another: pieces put in, cut out, moved and doubled."""
    text = rng.choice(texts)
    start = rng.randrange(len(text) + 1)
    text = text[start:start + rng.randrange(1, 400)]
    for _ in range(rng.randrange(1, 12)):
        at, to = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        deed = rng.randrange(6)
        if deed < 3:
            text = text[:at] + "".join(rng.choices(PIECES, k=rng.randrange(1, 5))) + text[at:]
        elif deed == 3:
            text = text[:at] + text[min(to, at + 20):]
        elif deed == 4:
            text = text[:to] + text[at:min(to, at + 60)] + text[to:]
        else:
            other = rng.choice(texts)
            cut = rng.randrange(len(other) + 1)
            text = text[:at] + other[cut:cut + 40] + text[at:]
    return text[:2000]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--source", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--also", action="append", default=[], help="a folder with further files")
    parser.add_argument("--mutations", type=int, default=4000)
    args = parser.parse_args()
    sys.setrecursionlimit(20 * DEPTH_MAX)
    folders = [os.path.join(args.source, "tests", f) for f in ("data", "fuzz/corpus/html", "fuzz/corpus/document", "fuzz/corpus/opml")]
    attacks = [a.encode().decode("unicode_escape").encode("latin-1", "replace").decode("latin-1") for a in ATTACKS]
    known = attacks + [t for t in texts_of_files(folders + args.also) if "<" in t or "&" in t]
    deep = ["".join(rng_unit) * 400 for rng_unit in ("<div>", "<b><p>", "<table><td>", "<ul><li>", "<a href=x><div>", "<table>x", "<i><table><caption>")]
    rng = random.Random(SEED)
    texts = known + deep + [mutate(rng, known) for _ in range(args.mutations)]
    texts += ["".join(rng.choices(PIECES, k=rng.randrange(1, 40))) for _ in range(args.mutations)]
    bad = 0
    cleaned = clean_all(os.path.join(args.build, "tests", "html_clean"), [t.encode("utf-8", "replace") for t in texts])
    for text, results in zip(texts, cleaned, strict=True):
        problem = problem_of(*results)
        if problem:
            bad += 1
            if bad <= 10:
                print(f"{problem}\n  in {results[0][:2000]!r}\n  of {text[:2000]!r}")
    print(f"{len(texts)} texts, {bad} of them not clean")
    sys.exit(1 if bad or not texts else 0)


main()
