// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;

/** {@code hvm attach JOB}. */
final class AttachCommand extends Command {
    AttachCommand(Context context) {
        super(context, "attach", "Follow the output of a batch job until it ends");
        parameter("JOB", "1", "The job's number, see hvm queue; 12_3 is task 3 of array 12.");
        flag("Its standard error.", "-e", "--stderr");
        flag(
                "Send Ctrl-C and other signals to the job. Without: Ctrl-C leaves, and the job goes on.",
                "-s",
                "--signal");
        explain("", "All that it has written comes first. Exit status: the job's.");
        examples("hvm attach 17", "hvm attach --signal 17");
    }

    @Override
    public Integer call() throws IOException {
        String job = CancelCommand.jobNumber(parameter(0));
        String stream = isSet("--stderr") ? "stderr" : "stdout";
        try (WebSocketChannel socket = client().webSocket("/jobs/" + job + "/attach?stream=" + stream)) {
            if (!isSet("--signal")) {
                return follow(socket);
            }
            try (var _ = SignalForwarder.to(signal -> send(socket, signal))) {
                return follow(socket);
            }
        }
    }

    private int follow(WebSocketChannel socket) throws IOException {
        for (WebSocketChannel.Message message = socket.read(); message != null; message = socket.read()) {
            if (message.type() == WebSocketChannel.TEXT) {
                return end(JsonObject.parse(message.text()));
            }
            context.stdout().write(message.bytes());
            context.stdout().flush();
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
