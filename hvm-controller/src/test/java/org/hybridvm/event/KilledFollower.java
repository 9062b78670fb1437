// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.event;

import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import org.hybridvm.store.Database;

/** Publishes events without end and prints each that it hears of: number and subject, closed by a full stop. */
final class KilledFollower {
    private KilledFollower() {}

    /** @param arguments the folder */
    public static void main(String[] arguments) throws InterruptedException {
        var log = new EventLog(Database.open(Path.of(arguments[0]).resolve("hvm.db")), Clock.systemUTC());
        var news = new Semaphore(0);
        log.follow(news::release);
        long after = log.range().newest();
        Thread.ofPlatform().daemon().start(() -> {
            while (true) {
                log.publish("test", "vm/" + UUID.randomUUID(), Map.of());
                Thread.onSpinWait();
            }
        });
        while (true) {
            news.acquire();
            EventPage page = log.read(after, 1000, EventFilter.ALL);
            page.events().forEach(event -> System.out.println(event.number() + " " + event.subject() + " ."));
            after = page.next();
        }
    }
}
