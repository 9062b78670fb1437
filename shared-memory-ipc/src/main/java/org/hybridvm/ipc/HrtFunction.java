// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/**
 * A function that a server offers.
 *
 * @param name printable ASCII, unique
 * @param summary its arguments, its result, what it does; may be empty
 * @param index its number in the window's table
 */
public record HrtFunction(String name, String summary, int index) {}
