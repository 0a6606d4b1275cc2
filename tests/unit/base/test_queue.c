/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/queue.h"

enum { MESSAGES = 2000 };

static void drop(struct msg *m)
{
    free(m);
}

static struct msg *make(int kind)
{
    struct msg *m = xcalloc(1, sizeof *m);
    m->kind = kind;
    m->drop = drop;
    return m;
}

static bool readable(const struct queue *q)
{
    struct pollfd fd = { queue_fd(q), POLLIN, 0 };
    return poll(&fd, 1, 0) == 1;
}

static void *produce(void *arg)
{
    for (int i = 0; i < MESSAGES; i++)
        queue_put(arg, make(i));
    queue_close(arg);
    return NULL;
}

static void all_arrive_in_order_through_a_small_queue(void **state)
{
    (void)state;
    struct error err;
    struct queue *q = queue_new(3, &err);
    pthread_t thread;
    struct msg *m;
    int next = 0;
    assert_int_equal(pthread_create(&thread, NULL, produce, q), 0);
    while ((m = queue_take(q, -1)) != NULL) {
        assert_int_equal(m->kind, next++);
        msg_drop(m);
    }
    assert_int_equal(next, MESSAGES);
    pthread_join(thread, NULL);
    assert_int_equal(queue_put(q, make(0)), -1);
    queue_free(&q);
}

static void the_descriptor_says_what_is_true(void **state)
{
    (void)state;
    struct error err;
    struct queue *q = queue_new(8, &err);
    assert_false(readable(q));
    assert_null(queue_take(q, 0));
    assert_null(queue_take(q, 5));
    queue_put(q, make(1));
    queue_put(q, make(2));
    assert_true(readable(q));
    msg_drop(queue_take(q, 0));
    assert_true(readable(q));
    msg_drop(queue_take(q, 0));
    assert_false(readable(q));
    queue_put_now(q, make(3));
    queue_close(q);
    assert_true(readable(q));
    queue_free(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_arrive_in_order_through_a_small_queue),
        cmocka_unit_test(the_descriptor_says_what_is_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
