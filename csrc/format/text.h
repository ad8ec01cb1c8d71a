/* L2: a tokenizer for text files of numbers (.nnet, CSV).
 *
 * Numbers are decimal, and apart by blanks or by one comma or semicolon, in a line always the same; a separator at the
 * end of a line is ignored, two in a row enclose an empty word.  A line ends with LF, CR or both.  A comment runs from
 * its mark, where a number could start, to the end of the line. */
#ifndef RL_TEXT_H
#define RL_TEXT_H

#include "core/core.h"

typedef struct rl_text {
  const char *path;     /* for messages */
  const char *comment;  /* what starts a comment */
  const char *at, *end; /* the text still to read; *end is 0 */
  long line;            /* of at, from 1 */
  char separator;       /* what stands between the words of this line: ' ', ',' or ';'; 0: not known yet */
} rl_text;

typedef enum rl_token_kind {
  RL_TOKEN_NUMBER, /* value; may be infinite or NaN */
  RL_TOKEN_WORD,   /* anything else */
  RL_TOKEN_MIXED,  /* a second kind of separator in a line */
  RL_TOKEN_EOL,
  RL_TOKEN_END
} rl_token_kind;

typedef struct rl_token {
  rl_token_kind kind;
  double value;
  const char *start; /* length bytes of the text */
  size_t length;
  long line;
} rl_token;

/* Text of `length` bytes with a 0 behind; a byte order mark is skipped.  RL_EFORMAT for UTF-16 and UTF-32. */
rl_status rl_text_open(rl_text *text, const char *path, const char *bytes, size_t length, const char *comment,
                       rl_error *err);
rl_token rl_text_next(rl_text *text);
/* The next token that is not RL_TOKEN_EOL. */
rl_token rl_text_next_line(rl_text *text);
/* The decimal number (with sign, point, exponent) that all of the word is, "inf" and "nan" included.  Returns 0 for
 * any other word, such as 0x10. */
int rl_text_number(const char *word, size_t length, double *value);
/* RL_EFORMAT "FILE:LINE: WHERE: expected WANTED, got "TOKEN"". */
rl_status rl_text_unexpected(const rl_text *text, const rl_token *token, const char *where, const char *wanted,
                             rl_error *err);

#endif
