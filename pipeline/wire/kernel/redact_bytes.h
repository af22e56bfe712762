/* Classes of bytes that the rules of redaction speak of (redaction contract B2, §2). One table, one bit a class. */
#ifndef REDACT_BYTES_H
#define REDACT_BYTES_H

#include <stdint.h>

enum {
    DIGIT = 1 << 0,
    UPPER = 1 << 1,
    LOWER = 1 << 2,
    WORD = 1 << 3, /* W of the contract */
    HEX = 1 << 4,
    BASE64URL = 1 << 5,
    LOCAL = 1 << 6,  /* of an e-mail address */
    DOMAIN = 1 << 7, /* of an e-mail address */
    SPACE = 1 << 8,  /* what \s is in bytes */
    NAME = 1 << 9,   /* of a key in text */
    TOKEN68 = 1 << 10,
    SCHEME = 1 << 11, /* of a URL, behind its first letter */
    LABEL = 1 << 12,  /* of a private key */
    BARE = 1 << 13,   /* of a word in JSON */
    BLANK = 1 << 14,
    /* What ends a value of each kind; a backslash ends all of them. */
    CREDENTIAL_END = 1 << 15,
    LINE_END = 1 << 16,
    COOKIE_NAME_END = 1 << 17,
    COOKIE_END = 1 << 18,
    USER_END = 1 << 19,
    PARAMETER_END = 1 << 20,
    SESSION_END = 1 << 21,
    SECRET_END = 1 << 22,
    OPTION_END = 1 << 23,
    DSN_END = 1 << 24,
    ALNUM = DIGIT | UPPER | LOWER,
};

#define IS_DIGIT(c) ((c) >= '0' && (c) <= '9')
#define IS_UPPER(c) ((c) >= 'A' && (c) <= 'Z')
#define IS_LOWER(c) ((c) >= 'a' && (c) <= 'z')
#define IS_ALNUM(c) (IS_DIGIT(c) || IS_UPPER(c) || IS_LOWER(c))
#define IS_HIGH(c) ((c) >= 0x80)
#define IS_SPACE(c) ((c) == ' ' || ((c) >= '\t' && (c) <= '\r'))
#define IS_QUOTE(c) ((c) == '"' || (c) == '\'')
#define IS_LINE_END(c) ((c) == '\r' || (c) == '\n' || IS_QUOTE(c) || (c) == '\\')

#define BYTE(c)                                                                                                   \
    ((IS_DIGIT(c) ? DIGIT : 0) | (IS_UPPER(c) ? UPPER : 0) | (IS_LOWER(c) ? LOWER : 0) |                           \
     (IS_ALNUM(c) || (c) == '_' ? WORD : 0) |                                                                      \
     (IS_DIGIT(c) || ((c) >= 'A' && (c) <= 'F') || ((c) >= 'a' && (c) <= 'f') ? HEX : 0) |                         \
     (IS_ALNUM(c) || (c) == '_' || (c) == '-' ? BASE64URL : 0) |                                                   \
     (IS_ALNUM(c) || IS_HIGH(c) || (c) == '.' || (c) == '_' || (c) == '%' || (c) == '+' || (c) == '-' ? LOCAL : 0) | \
     (IS_ALNUM(c) || IS_HIGH(c) || (c) == '-' ? DOMAIN : 0) | (IS_SPACE(c) ? SPACE : 0) |                           \
     (IS_ALNUM(c) || (c) == '_' || ((c) >= '-' && (c) <= '/') || (c) == ':' ? NAME : 0) |                           \
     (IS_ALNUM(c) || ((c) >= '-' && (c) <= '/') || (c) == '_' || (c) == '~' || (c) == '+' || (c) == '=' ? TOKEN68 : 0) | \
     (IS_ALNUM(c) || (c) == '+' || (c) == '.' || (c) == '-' ? SCHEME : 0) |                                        \
     (IS_UPPER(c) || IS_DIGIT(c) || (c) == ' ' ? LABEL : 0) |                                                      \
     (IS_ALNUM(c) || (c) == '_' || (c) == '.' || (c) == '+' || (c) == '-' ? BARE : 0) |                            \
     ((c) == ' ' || (c) == '\t' ? BLANK : 0) |                                                                     \
     (IS_SPACE(c) || IS_QUOTE(c) || (c) == ',' || (c) == ';' || (c) == '\\' ? CREDENTIAL_END : 0) |                \
     (IS_LINE_END(c) ? LINE_END : 0) |                                                                             \
     (IS_SPACE(c) || IS_QUOTE(c) || (c) == '=' || (c) == ';' || (c) == ',' || (c) == '\\' ? COOKIE_NAME_END : 0) | \
     (IS_LINE_END(c) || (c) == ';' ? COOKIE_END | DSN_END : 0) |                                                   \
     (IS_SPACE(c) || IS_QUOTE(c) || (c) == '/' || (c) == '?' || (c) == '#' || (c) == '<' || (c) == '>' ||          \
              (c) == '`' || (c) == '\\'                                                                            \
          ? USER_END                                                                                               \
          : 0) |                                                                                                   \
     (IS_SPACE(c) || IS_QUOTE(c) || (c) == '&' || (c) == '#' || (c) == '<' || (c) == '>' || (c) == '\\'            \
          ? PARAMETER_END                                                                                          \
          : 0) |                                                                                                   \
     (IS_SPACE(c) || IS_QUOTE(c) || (c) == ';' || (c) == ',' || (c) == '&' || (c) == '\\' ? SESSION_END : 0) |     \
     (IS_SPACE(c) || IS_QUOTE(c) || (c) == ',' || (c) == ';' || (c) == '&' || (c) == '}' || (c) == ')' ||          \
              (c) == ']' || (c) == '<' || (c) == '\\'                                                              \
          ? SECRET_END                                                                                             \
          : 0) |                                                                                                   \
     (IS_SPACE(c) || IS_QUOTE(c) || (c) == '\\' ? OPTION_END : 0))

#define BYTES_4(c) BYTE(c), BYTE((c) + 1), BYTE((c) + 2), BYTE((c) + 3)
#define BYTES_16(c) BYTES_4(c), BYTES_4((c) + 4), BYTES_4((c) + 8), BYTES_4((c) + 12)
#define BYTES_64(c) BYTES_16(c), BYTES_16((c) + 16), BYTES_16((c) + 32), BYTES_16((c) + 48)

static const uint32_t BYTE_CLASSES[256] = {BYTES_64(0), BYTES_64(64), BYTES_64(128), BYTES_64(192)};

#endif
