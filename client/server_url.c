/* server_url.c: what an operator names as the server and the token, checked before it is used. */
#include "client/call.h"

static enum err_code bad(const char *server, const char *what, struct err *err)
{
    /* What stands before an "@" may be a password. */
    if (strchr(server, '@') != NULL) return err_set(err, ERR_USAGE, "the server's URL %s", what);
    return err_set(err, ERR_USAGE, "server \"%.200s\" %s", server, what);
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *value = NULL;
    bool found = curl_url_get(url, part, &value, 0) == CURLUE_OK;
    curl_free(value);
    return found;
}

static bool is_http(CURLU *url)
{
    char *scheme = NULL;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) return false;
    bool is = text_equal(scheme, "http") || text_equal(scheme, "https");
    curl_free(scheme);
    return is;
}

static enum err_code check_parts(CURLU *url, const char *server, struct err *err)
{
    if (strstr(server, "://") == NULL)
        return bad(server, "must begin with http:// or https://", err);
    CURLUcode code = curl_url_set(url, CURLUPART_URL, server, CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK) {
        char what[128];
        snprintf(what, sizeof what, "is not a URL: %s", curl_url_strerror(code));
        return bad(server, what, err);
    }
    if (!is_http(url)) return bad(server, "must begin with http:// or https://", err);
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        return bad(server, "must not hold a user or a password: a token says who calls", err);
    if (strchr(server, '?') != NULL) return bad(server, "must not have a query", err);
    if (strchr(server, '#') != NULL) return bad(server, "must not have a fragment", err);
    return ERR_OK;
}

enum err_code client_check_server(const char *server, char **url, struct err *err)
{
    if (server == NULL || *server == '\0')
        return err_set(err, ERR_USAGE, "the server's URL is missing");
    CURLU *parts = curl_url();
    if (parts == NULL) return err_set(err, ERR_INTERNAL, "libcurl cannot be started");
    enum err_code code = check_parts(parts, server, err);
    char *whole = NULL;
    if (code == ERR_OK && curl_url_get(parts, CURLUPART_URL, &whole, 0) != CURLUE_OK)
        code = bad(server, "is not a URL", err);
    curl_url_cleanup(parts);
    if (code != ERR_OK) return code;
    size_t length = strlen(whole);
    while (length > 0 && whole[length - 1] == '/')
        whole[--length] = '\0';
    *url = xstrdup(whole);
    curl_free(whole);
    return ERR_OK;
}

enum err_code client_check_token(const char *token, struct err *err)
{
    static const char b64token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                   "-._~+/";
    size_t length = strspn(token, b64token);
    if (length == 0 || token[length + strspn(token + length, "=")] != '\0')
        return err_set(err, ERR_USAGE,
                       "the token is empty or has a character that no bearer token has (RFC 6750)");
    return ERR_OK;
}
