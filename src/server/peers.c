/* SPDX-License-Identifier: MIT */
#include "server/peers.h"

#include <stdlib.h>
#include <string.h>

#include "server/limits.h"
#include "base/banned.h"

/* Options as they were read at one time. */
struct generation {
    struct server_options *options;
    size_t used; /* by connections */
    struct generation *older;
};
struct peer {
    int fd; /* the connection's: it is closed when we hear of its end */
    unsigned char key[LISTEN_KEY_BYTES];
    struct generation *generation;
    bool logged_in, ending;
};
struct peers {
    struct generation *newest;
    struct peer *list; /* the oldest first */
    size_t n, room, ending_n;
};

struct peers *peers_new(struct server_options *options)
{
    struct peers *p = xcalloc(1, sizeof *p);
    peers_renew(p, options);
    p->newest->used = 1; /* by the threads that are no connection's, for good */
    return p;
}

static void generation_free(struct generation **g)
{
    struct generation *older = (*g)->older;
    options_free((*g)->options);
    free((*g)->options);
    free(*g);
    *g = older;
}

/* Those that no connection has any more, but for the newest. */
static void generations_sweep(struct peers *p)
{
    struct generation **g = &p->newest->older;
    while (*g != NULL) {
        if ((*g)->used == 0)
            generation_free(g);
        else
            g = &(*g)->older;
    }
}

void peers_renew(struct peers *p, struct server_options *options)
{
    struct generation *g = xcalloc(1, sizeof *g);
    *g = (struct generation){ .options = options, .older = p->newest };
    p->newest = g;
    generations_sweep(p);
}

const struct server_options *peers_options(const struct peers *p)
{
    return p->newest->options;
}

size_t peers_n(const struct peers *p)
{
    return p->n;
}

static bool is_of(const struct peer *p, const struct listen_peer *client)
{
    return memcmp(p->key, client->key, sizeof p->key) == 0;
}

/* Ends the oldest on which nobody logged in, of that client alone if only is set. */
static bool room_make(struct peers *p, const struct listen_peer *client, bool only)
{
    for (size_t i = 0; i < p->n; i++) {
        struct peer *one = &p->list[i];
        if (one->logged_in || one->ending || (only && !is_of(one, client)))
            continue;
        one->ending = true;
        p->ending_n++;
        shutdown(one->fd, SHUT_RDWR);
        return true;
    }
    return false;
}

bool peers_room(struct peers *p, const struct listen_peer *client)
{
    const struct server_limits *limits = &p->newest->options->limits;
    size_t same = 0;
    if (p->n >= limits->connections + SERVER_CONNECTIONS_ENDING)
        return false;
    for (size_t i = 0; i < p->n && !client->loopback; i++)
        same += !p->list[i].ending && is_of(&p->list[i], client);
    if (same >= limits->per_address && !room_make(p, client, true))
        return false;
    return p->n - p->ending_n < limits->connections || room_make(p, client, false);
}

void peers_add(struct peers *p, int fd, const struct listen_peer *client)
{
    if (p->n == p->room) {
        p->room = p->room == 0 ? 64 : p->room * 2;
        p->list = xrealloc(p->list, p->room, sizeof *p->list);
    }
    struct peer *one = &p->list[p->n++];
    *one = (struct peer){ .fd = fd, .generation = p->newest };
    memcpy(one->key, client->key, sizeof one->key);
    p->newest->used++;
}

static struct peer *peer_of(struct peers *p, int fd)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->list[i].fd == fd)
            return &p->list[i];
    return NULL;
}

void peers_logged_in(struct peers *p, int fd)
{
    struct peer *one = peer_of(p, fd);
    if (one != NULL)
        one->logged_in = true;
}

void peers_ended(struct peers *p, int fd)
{
    struct peer *one = peer_of(p, fd);
    if (one == NULL)
        return;
    p->ending_n -= one->ending;
    one->generation->used--;
    memmove(one, one + 1, (size_t)(p->list + --p->n - one) * sizeof *one);
    generations_sweep(p);
}

void peers_free(struct peers **p)
{
    if (*p == NULL)
        return;
    while ((*p)->newest != NULL)
        generation_free(&(*p)->newest);
    free((*p)->list);
    free(*p);
    *p = NULL;
}
