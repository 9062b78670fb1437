// SPDX-License-Identifier: Apache-2.0

import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.hybridvm.ipc.HrtBuffer;
import org.hybridvm.ipc.HrtCallException;
import org.hybridvm.ipc.HrtFunctions;

/**
 * A program of the host that calls functions on an HRT core (docs/host-calls.md):
 * {@code java -cp shared-memory-ipc/target/classes examples/HostCall.java WINDOW}, where WINDOW is what
 * {@code hvm call VM --window} prints.
 */
public final class HostCall {
    private static final int NUMBERS = 1000;

    private HostCall() {}

    public static void main(String[] arguments) {
        if (arguments.length != 1) {
            System.err.println("Usage: java -cp shared-memory-ipc/target/classes examples/HostCall.java WINDOW");
            System.exit(2);
        }
        try (HrtFunctions functions = HrtFunctions.open(Path.of(arguments[0]));
                HrtBuffer numbers = functions.allocate(NUMBERS * Long.BYTES)) {
            functions.functions().forEach(function -> System.out.println(function.name() + function.summary()));
            for (int i = 0; i < NUMBERS; i++) {
                numbers.memory().setAtIndex(ValueLayout.JAVA_LONG, i, i);
            }
            System.out.println("sum of 0..999 = " + functions.call("sum", numbers));
        } catch (HrtCallException e) {
            System.err.println("HostCall: " + e.reason() + ": " + e.getMessage());
            System.exit(1);
        }
    }
}
