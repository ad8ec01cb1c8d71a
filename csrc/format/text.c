/* L2: a tokenizer for text files of numbers. */
#include "format/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rl_status rl_text_open(rl_text *text, const char *path, const char *bytes, size_t length, const char *comment,
                       rl_error *err) {
  static const struct {
    size_t length;
    const char *bytes, *name;
  } marks[] = {{4, "\xff\xfe\0\0", "UTF-32"},
               {4, "\0\0\xfe\xff", "UTF-32"},
               {2, "\xff\xfe", "UTF-16"},
               {2, "\xfe\xff", "UTF-16"}};
  for (size_t k = 0; k < sizeof marks / sizeof *marks; k++)
    if (length >= marks[k].length && memcmp(bytes, marks[k].bytes, marks[k].length) == 0)
      return rl_fail(err, RL_EFORMAT, "%s: is %s text, expected UTF-8 or ASCII: save it so", path, marks[k].name);
  size_t mark = length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  *text = (rl_text){.path = path, .comment = comment, .at = bytes + mark, .end = bytes + length, .line = 1};
  return RL_OK;
}

static int is_blank(char c) { return c == ' ' || c == '\t'; }
static int is_separator(char c) { return c == ',' || c == ';'; }
static int is_newline(char c) { return c == '\n' || c == '\r'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }

static void skip_blanks(rl_text *text) {
  while (text->at < text->end && is_blank(*text->at)) text->at++;
}

static int at_comment(const rl_text *text) { return strncmp(text->at, text->comment, strlen(text->comment)) == 0; }

static void skip_comment(rl_text *text) {
  if (!at_comment(text)) return;
  while (text->at < text->end && !is_newline(*text->at)) text->at++;
}

/* Where the digits end that start at `at`. */
static const char *skip_digits(const char *at) {
  while (is_digit(*at)) at++;
  return at;
}

/* Where a decimal number ends that starts at `at`; `at` itself where there is none. */
static const char *end_of_decimal(const char *at) {
  const char *start = at, *whole = at + (*at == '+' || *at == '-');
  at = skip_digits(whole);
  long digits = at - whole;
  if (*at == '.') {
    const char *fraction = at + 1;
    at = skip_digits(fraction);
    digits += at - fraction;
  }
  if (digits == 0) return start;
  if (*at != 'e' && *at != 'E') return at;
  const char *exponent = at + 1 + (at[1] == '+' || at[1] == '-'), *stop = skip_digits(exponent);
  return stop > exponent ? stop : at;
}

/* Is the word the name of a value that is not finite, as strtod takes it? */
static int is_not_finite(const char *word) {
  word += *word == '+' || *word == '-';
  return *word == 'i' || *word == 'I' || *word == 'n' || *word == 'N';
}

int rl_text_number(const char *word, size_t length, double *value) {
  if (length == 0 || (end_of_decimal(word) != word + length && !is_not_finite(word))) return 0;
  char *stop;
  *value = strtod(word, &stop);
  return stop == word + length;
}

/* Behind a word: what separates it from the next one of its line; 0 where none follows. */
static char take_separator(rl_text *text) {
  const char *behind = text->at;
  skip_blanks(text);
  if (text->at == text->end || is_newline(*text->at)) return 0;
  if (is_separator(*text->at)) return *text->at++;
  return behind < text->at && !at_comment(text) ? ' ' : 0;
}

static rl_token take_word(rl_text *text) {
  rl_token token = {.kind = RL_TOKEN_WORD, .start = text->at, .line = text->line};
  while (text->at < text->end && !is_newline(*text->at) && !is_blank(*text->at) && !is_separator(*text->at)) text->at++;
  token.length = (size_t)(text->at - token.start);
  if (rl_text_number(token.start, token.length, &token.value)) token.kind = RL_TOKEN_NUMBER;
  char separator = take_separator(text);
  if (separator && text->separator && separator != text->separator) token.kind = RL_TOKEN_MIXED;
  if (separator && !text->separator) text->separator = separator;
  return token;
}

/* A line's end: LF, CR, or CR LF. */
static rl_token take_newline(rl_text *text) {
  rl_token token = {.kind = RL_TOKEN_EOL, .start = text->at, .line = text->line++};
  text->at += text->at[0] == '\r' && text->at[1] == '\n' ? 2 : 1;
  text->separator = 0;
  return token;
}

rl_token rl_text_next(rl_text *text) {
  skip_blanks(text);
  skip_comment(text);
  if (text->at == text->end) return (rl_token){.kind = RL_TOKEN_END, .start = text->at, .line = text->line};
  return is_newline(*text->at) ? take_newline(text) : take_word(text);
}

rl_token rl_text_next_line(rl_text *text) {
  rl_token token;
  do token = rl_text_next(text);
  while (token.kind == RL_TOKEN_EOL);
  return token;
}

/* Characters that look like a blank, like nothing, or like a minus sign. */
static const struct {
  const char *bytes, *shown;
} invisible[] = {{"\xc2\xa0", "<U+00A0>"},     {"\xc2\xad", "<U+00AD>"},     {"\xe2\x80\x8b", "<U+200B>"},
                 {"\xe2\x80\x8c", "<U+200C>"}, {"\xe2\x80\x8d", "<U+200D>"}, {"\xe2\x80\x8e", "<U+200E>"},
                 {"\xe2\x80\x8f", "<U+200F>"}, {"\xe2\x80\xa8", "<U+2028>"}, {"\xe2\x80\xa9", "<U+2029>"},
                 {"\xe2\x80\xaf", "<U+202F>"}, {"\xe2\x81\xa0", "<U+2060>"}, {"\xe3\x80\x80", "<U+3000>"},
                 {"\xef\xbb\xbf", "<U+FEFF>"}, {"\xe2\x88\x92", "<U+2212>"}};

/* Writes the character at `at` as a message shows it; returns how many bytes of the text it is. */
static size_t show(const char *at, char *shown, size_t size) {
  for (size_t k = 0; k < sizeof invisible / sizeof *invisible; k++) {
    size_t length = strlen(invisible[k].bytes);
    if (strncmp(at, invisible[k].bytes, length) == 0) {
      snprintf(shown, size, "%s", invisible[k].shown);
      return length;
    }
  }
  unsigned char c = (unsigned char)*at;
  snprintf(shown, size, "%c", c < 32 || c == 127 ? '?' : (char)c);
  return 1;
}

static void show_word(const rl_token *token, char *shown, size_t size) {
  enum { LONGEST = 40, CHARACTER = 12 };
  size_t used = 0;
  shown[0] = 0;
  for (size_t i = 0; i < token->length && i < LONGEST && used + CHARACTER < size;) {
    i += show(token->start + i, shown + used, size - used);
    used += strlen(shown + used);
  }
}

rl_status rl_text_unexpected(const rl_text *text, const rl_token *token, const char *where, const char *wanted,
                             rl_error *err) {
  if (token->kind == RL_TOKEN_EOL || token->kind == RL_TOKEN_END)
    return rl_fail(err, RL_EFORMAT, "%s:%ld: %s: expected %s, got the end of the %s", text->path, token->line, where,
                   wanted, token->kind == RL_TOKEN_EOL ? "line" : "file");
  char shown[160];
  show_word(token, shown, sizeof shown);
  if (token->kind == RL_TOKEN_MIXED)
    return rl_fail(err, RL_EFORMAT,
                   "%s:%ld: %s: two kinds of separators in a line (comma, semicolon, blank), behind \"%s\"", text->path,
                   token->line, where, shown);
  return rl_fail(err, RL_EFORMAT, "%s:%ld: %s: expected %s, got \"%s\"", text->path, token->line, where, wanted, shown);
}
