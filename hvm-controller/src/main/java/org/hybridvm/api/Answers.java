// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.store.Database;
import org.hybridvm.store.RequestKey;
import org.hybridvm.store.RequestTable;

/** What requests with an Idempotency-Key were answered, on disk. Calls block, and return when it is there. */
final class Answers {
    private final Database database;
    private final Clock clock;

    Answers(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    /**
     * What was made of it before, if it was.
     *
     * @throws HvmException if the key was another request's
     */
    Optional<RequestTable.Earlier> find(RequestKey request) {
        return database.read(connection -> RequestTable.find(connection, request, clock.instant()));
    }

    /** It is being done. */
    void begin(RequestKey request) {
        write(putting(request, null));
    }

    void keep(RequestKey request, Map<String, ?> answer) {
        write(putting(request, Json.write(answer)));
    }

    /** Nothing was done for it: the key can be used again. */
    void forget(RequestKey request) {
        write(connection -> {
            RequestTable.remove(connection, request);
            return null;
        });
    }

    /** As {@link #keep}, as a part of another transaction. */
    Database.Work<Void> keeping(RequestKey request, Map<String, ?> answer) {
        return putting(request, Json.write(answer));
    }

    private Database.Work<Void> putting(RequestKey request, String answer) {
        return connection -> {
            RequestTable.put(connection, request, answer, clock.instant());
            return null;
        };
    }

    private void write(Database.Work<Void> work) {
        try {
            database.write(work).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof HvmException refusal ? refusal : e;
        }
    }
}
