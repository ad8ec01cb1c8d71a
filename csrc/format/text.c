/* L2: a tokenizer for text files of numbers. */
#include "format/text.h"

#include <stdlib.h>
#include <string.h>

rl_text rl_text_open(const char *path, const char *bytes, size_t length, const char *comment) {
  size_t mark = length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  return (rl_text){.path = path, .comment = comment, .at = bytes + mark, .end = bytes + length, .line = 1};
}

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
static int is_separator(char c) { return c == ',' || c == ';'; }

static void skip_blanks(rl_text *text) {
  while (text->at < text->end && is_blank(*text->at)) text->at++;
}

static void skip_comment(rl_text *text) {
  if (strncmp(text->at, text->comment, strlen(text->comment)) != 0) return;
  const char *newline = memchr(text->at, '\n', (size_t)(text->end - text->at));
  text->at = newline ? newline : text->end;
}

static rl_token take_word(rl_text *text) {
  rl_token token = {.kind = RL_TOKEN_WORD, .start = text->at, .line = text->line};
  while (text->at < text->end && *text->at != '\n' && !is_blank(*text->at) && !is_separator(*text->at)) text->at++;
  token.length = (size_t)(text->at - token.start);
  if (token.length) {
    char *stop;
    token.value = strtod(token.start, &stop);
    if (stop == text->at) token.kind = RL_TOKEN_NUMBER;
  }
  skip_blanks(text);
  if (text->at < text->end && is_separator(*text->at)) text->at++;
  return token;
}

rl_token rl_text_next(rl_text *text) {
  skip_blanks(text);
  skip_comment(text);
  if (text->at == text->end) return (rl_token){.kind = RL_TOKEN_END, .start = text->at, .line = text->line};
  if (*text->at != '\n') return take_word(text);
  return (rl_token){.kind = RL_TOKEN_EOL, .start = text->at++, .line = text->line++};
}

rl_token rl_text_next_line(rl_text *text) {
  rl_token token;
  do token = rl_text_next(text);
  while (token.kind == RL_TOKEN_EOL);
  return token;
}

rl_status rl_text_unexpected(const rl_text *text, const rl_token *token, const char *where, const char *wanted,
                             rl_error *err) {
  if (token->kind == RL_TOKEN_EOL || token->kind == RL_TOKEN_END)
    return rl_fail(err, RL_EFORMAT, "%s:%ld: %s: expected %s, got the end of the %s", text->path, token->line, where,
                   wanted, token->kind == RL_TOKEN_EOL ? "line" : "file");
  char shown[41];
  size_t length = token->length < sizeof shown ? token->length : sizeof shown - 1;
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)token->start[i];
    shown[i] = c < 32 || c == 127 ? '?' : (char)c;
  }
  shown[length] = 0;
  return rl_fail(err, RL_EFORMAT, "%s:%ld: %s: expected %s, got \"%s\"", text->path, token->line, where, wanted, shown);
}
