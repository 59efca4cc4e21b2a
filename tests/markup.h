/* Is it well-formed? A reader of tags for the tests of pages and figures: every element is closed in order, every attribute is
 * quoted, no & or < stands bare, nothing runs and nothing is loaded. */
#ifndef VLY_MARKUP_H
#define VLY_MARKUP_H

#include <check.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Occurrences of `part`. */
static inline int markup_count(const char *text, const char *part)
{
    int count = 0;
    while ((text = strstr(text, part))) count++, text += strlen(part);
    return count;
}

/* An entity begins at `at`: "&amp;". */
static inline bool markup_is_entity(const char *at)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(at, known[i], strlen(known[i])) == 0) return true;
    return false;
}

/* Behind the tag that begins at `at`; its name in `name`; *alone: it closes itself. */
static inline const char *markup_tag(const char *at, char name[32], bool *alone)
{
    const char *start = at;
    size_t length = strcspn(++at, " />\n");
    ck_assert_msg(length > 0 && length < 32, "no name of a tag: %.40s", start);
    memcpy(name, at, length);
    name[length] = 0;
    for (at += length; *at != '>'; at++) {
        ck_assert_msg(*at && *at != '<', "tag without an end: %.40s", start);
        ck_assert_msg(strncmp(at, " on", 3) != 0, "something that runs: %.80s", start);
        *alone = *at == '/';
        if (*at != '"') continue;
        ck_assert_msg(at[-1] == '=', "stray quote: %.80s", start);
        for (at++; *at != '"'; at++) {
            ck_assert_msg(*at && *at != '<', "attribute without an end: %.80s", start);
            ck_assert_msg(*at != '&' || markup_is_entity(at), "bare & in %.80s", start);
        }
    }
    return at + 1;
}

/* Elements are of XML: <br/>, not <br>. */
static inline void markup_check(const char *text)
{
    char open[64][32], name[32];
    int depth = 0;
    if (strncmp(text, "<!DOCTYPE html>", 15) == 0) text += 15;
    while (*text) {
        bool alone = false;
        if (text[0] == '<' && text[1] == '/') {
            size_t length = strcspn(text + 2, ">");
            ck_assert_msg(depth > 0, "closed but never opened: %.40s", text);
            ck_assert_msg(strlen(open[depth - 1]) == length && strncmp(open[depth - 1], text + 2, length) == 0,
                          "<%s> is open at %.40s", open[depth - 1], text);
            depth--;
            text += length + 3;
        } else if (*text == '<') {
            text = markup_tag(text, name, &alone);
            ck_assert_str_ne(name, "script");
            ck_assert_int_lt(depth, 64);
            if (!alone) strcpy(open[depth++], name);
        } else {
            ck_assert_msg(*text != '>' && *text != '"' ? *text != '&' || markup_is_entity(text) : depth > 0,
                          "bare character: %.40s", text);
            ck_assert_msg((unsigned char)*text >= ' ' || *text == '\n', "control character: %.40s", text);
            text++;
        }
    }
    ck_assert_msg(depth == 0, "<%s> is not closed", depth > 0 ? open[depth - 1] : "");
}

#endif
