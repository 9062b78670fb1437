// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.function.IntConsumer;

/**
 * The signals of this JVM. They are reached by {@code sun.misc.Signal}, which the JDK exports for want of anything better
 * but whose mere import javac warns about, with no way to say that it is meant; hence by reflection.
 */
final class ProcessSignals {
    private static final String SIGNAL = "sun.misc.Signal";
    private static final String HANDLER = "sun.misc.SignalHandler";

    private ProcessSignals() {}

    /** From now on calls {@code action} with the signal's number, on a thread of the JVM's. */
    static void handle(String name, IntConsumer action) {
        InvocationHandler handler = (proxy, method, arguments) -> switch (method.getName()) {
            case "handle" -> {
                action.accept(
                        (int) arguments[0].getClass().getMethod("getNumber").invoke(arguments[0]));
                yield null;
            }
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> proxy == arguments[0];
            default -> name + " handler";
        };
        try {
            Class<?> type = Class.forName(HANDLER);
            install(name, Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Back to what the system does by default. */
    static void reset(String name) {
        try {
            install(name, Class.forName(HANDLER).getField("SIG_DFL").get(null));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void install(String name, Object handler) throws ReflectiveOperationException {
        Class<?> type = Class.forName(SIGNAL);
        Method handle = type.getMethod("handle", type, Class.forName(HANDLER));
        handle.invoke(null, type.getConstructor(String.class).newInstance(name), handler);
    }
}
