// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;

/** {@code hvm attach JOB}. */
final class AttachCommand extends Command {
    AttachCommand(Context context) {
        super(context, "attach", "Follow the output of a job until it ends");
        parameter("JOB", "1", "The job's number, see hvm queue; 12_3 is task 3 of array 12.");
        flag("Its standard error alone.", "-e", "--stderr");
        option(
                Long.class,
                "BYTE",
                "Begin with this byte of the stream; default: of a batch job 0, of a run what comes now.",
                "--from");
        flag(
                "Send Ctrl-C and other signals to the job. Without: Ctrl-C leaves, and the job goes on.",
                "-s",
                "--signal");
        explain(
                "",
                "Any number may be attached. Exit status: the job's. Of a batch job the output file is followed; of hvm run",
                "both streams, beside the terminal that began it. That terminal alone decides how fast the program may",
                "write, and has its input. hvmd keeps the last 256 KiB of each stream of a run: who is slower misses",
                "bytes, and is told how many; --from 0 begins with the oldest that are kept.");
        examples("hvm attach 17", "hvm attach --signal 17", "hvm attach --from 0 18");
    }

    @Override
    public Integer call() throws IOException {
        String job = CancelCommand.jobNumber(parameter(0));
        if (isSet("--stderr") || client().get("/jobs/" + job).has("batch")) {
            try (WebSocketChannel socket = open(job, isSet("--stderr") ? "stderr" : "stdout")) {
                return end(followWithSignals(socket));
            }
        }
        try (WebSocketChannel errors = open(job, "stderr");
                WebSocketChannel socket = open(job, "stdout")) {
            Thread beside = Thread.ofVirtual().start(() -> followErrors(errors));
            JsonObject last = followWithSignals(socket);
            awaitEnd(beside);
            return end(last);
        }
    }

    private WebSocketChannel open(String job, String stream) throws IOException {
        Long from = longNumber("--from");
        return client().webSocket("/jobs/" + job + "/attach?stream=" + stream + (from == null ? "" : "&from=" + from));
    }

    private JsonObject followWithSignals(WebSocketChannel socket) throws IOException {
        if (!isSet("--signal")) {
            return follow(socket, context.stdout());
        }
        try (var _ = SignalForwarder.to(signal -> send(socket, signal))) {
            return follow(socket, context.stdout());
        }
    }

    private void followErrors(WebSocketChannel socket) {
        try {
            follow(socket, context.stderr());
        } catch (IOException e) {
            // whatever it is, the other stream tells
        }
    }

    private static void awaitEnd(Thread beside) {
        try {
            beside.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** @return the last message */
    private JsonObject follow(WebSocketChannel socket, OutputStream target) throws IOException {
        for (WebSocketChannel.Message message = socket.read(); message != null; message = socket.read()) {
            if (message.type() == WebSocketChannel.BINARY) {
                target.write(message.bytes());
                target.flush();
                continue;
            }
            JsonObject text = JsonObject.parse(message.text());
            if (!text.has("skipped")) {
                return text;
            }
            context.err().println("hvm: " + text.number("skipped") + " bytes of its output are not kept any more");
        }
        throw new IOException("hvmd ended the connection before the job has ended");
    }

    /** The last message: the job, or why there is no more. */
    private int end(JsonObject last) {
        if (last.has("problem")) {
            throw Problem.fromJson(last.object("problem"));
        }
        return SubmitCommand.status(context, last);
    }

    private static void send(WebSocketChannel socket, int signal) {
        byte[] text = Json.write(Map.of("signal", signal)).getBytes(StandardCharsets.UTF_8);
        try {
            socket.write(WebSocketChannel.TEXT, text, text.length);
        } catch (IOException e) {
            // hvmd has gone, which the reader notices too
        }
    }
}
