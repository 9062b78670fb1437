// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;

/** {@code hvm events}. */
final class EventsCommand extends Command {
    private static final int LAST = 50;
    private static final int PAGE = 1000;
    private static final long LOOK_MILLIS = 500;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    private final int attempts;
    private long next;

    EventsCommand(Context context) {
        this(context, Integer.MAX_VALUE);
    }

    /** @param attempts how often a follower looks for an hvmd that is gone */
    EventsCommand(Context context, int attempts) {
        super(context, "events", "Show what happened to VMs, partitions and jobs");
        this.attempts = attempts;
        flag("Go on with what happens from now on, also over a restart of hvmd.", "-f", "--follow");
        option(Long.class, "N", "Those after number N; without it the last " + LAST + ".", "--after");
        repeated("KIND", "Only this kind, and those that begin with it and a dot; may be repeated.", "--kind");
        repeated(
                "SUBJECT",
                "Only of this subject, and those that begin with it and a slash; may be repeated.",
                "--subject");
        outputOption();
        explain(
                "",
                "Events have numbers, which grow and are never given twice: who keeps the last one that he has seen",
                "goes on there and misses none, while the newest 100,000 are kept. With -o json each is an object on a",
                "line of its own. Kinds and their facts: docs/sight.md.");
        examples(
                "hvm events -f",
                "hvm events --kind job --subject job/17",
                "hvm events -f --kind vm.state --subject vm/demo -o json",
                "hvm events --after 1200");
    }

    @Override
    public Integer call() throws InterruptedException {
        next = start();
        while (readOn()) {
            // page by page
        }
        if (isSet("--follow")) {
            follow();
        }
        return OK;
    }

    private long start() {
        Long after = longNumber("--after");
        if (after != null) {
            return after;
        }
        JsonObject range = client().get("/events?limit=1");
        return Math.max(range.number("oldest") - 1, range.number("newest") - LAST);
    }

    /** True if there is more. */
    private boolean readOn() {
        JsonObject page = client().get("/events?after=" + next + "&limit=" + PAGE + filter());
        page.objects("events").forEach(this::print);
        next = page.number("next");
        context.out().flush();
        return next < page.number("newest");
    }

    /** Until the caller ends us. An hvmd that ends or is stopped is waited for, not started. */
    private void follow() throws InterruptedException {
        var daemon = new Daemon(context.home());
        int left = attempts;
        while (left > 0) {
            try {
                daemon.requireRunning();
                client().lines("GET", "/events?follow=true&after=" + next + filter(), null, this::take);
            } catch (HvmException e) {
                if (e.code() != ErrorCode.INTERNAL
                        && e.code() != ErrorCode.WRONG_STATE
                        && e.code() != ErrorCode.SHUTTING_DOWN) {
                    throw e;
                }
            }
            left--;
            Thread.sleep(LOOK_MILLIS);
        }
    }

    private void take(String line) {
        JsonObject event = JsonObject.parse(line);
        if (event.has("problem")) {
            throw Problem.fromJson(event.object("problem"));
        }
        print(event);
        next = event.number("number");
        context.out().flush();
    }

    private void print(JsonObject event) {
        if (wantsJson()) {
            context.out().println(Json.write(event.asMap()));
            return;
        }
        var line = new StringBuilder("%6d  %s  %-18s %-14s"
                .formatted(
                        event.number("number"),
                        TIME.format(Instant.parse(event.text("time"))),
                        event.text("kind"),
                        event.text("subject")));
        for (Map.Entry<String, Object> fact : event.object("facts").asMap().entrySet()) {
            line.append(' ').append(fact.getKey()).append('=').append(plain(fact.getValue()));
        }
        context.out().println(line.toString().stripTrailing());
    }

    /** A value as text, in quotes if it would not be seen where it ends; nothing of it reaches a terminal as a command. */
    private static String plain(Object value) {
        return value instanceof String text && text.matches("[\\p{Graph}&&[^\"]]+") ? text : Json.write(value);
    }

    private String filter() {
        return query("kind", texts("--kind")) + query("subject", texts("--subject"));
    }

    private static String query(String name, List<String> values) {
        var query = new StringBuilder();
        values.forEach(value -> query.append('&').append(name).append('=').append(Client.segment(value)));
        return query.toString();
    }
}
