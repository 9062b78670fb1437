// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

/** File names with sbatch(1)'s marks: %j the job, %x its name, %A the array's job, %a the task, %u its owner, %% a percent sign. */
final class OutputPattern {
    private OutputPattern() {}

    static String fill(String pattern, int job, String name, String user, int arrayJob, int task) {
        var text = new StringBuilder();
        for (int at = 0; at < pattern.length(); at++) {
            char c = pattern.charAt(at);
            if (c != '%' || at + 1 == pattern.length()) {
                text.append(c);
                continue;
            }
            char mark = pattern.charAt(++at);
            switch (mark) {
                case 'j' -> text.append(job);
                case 'x' -> text.append(name.replace('/', '_'));
                case 'A' -> text.append(arrayJob == 0 ? job : arrayJob);
                case 'a' -> text.append(arrayJob == 0 ? 0 : task);
                case 'u' -> text.append(user);
                case '%' -> text.append('%');
                default -> text.append('%').append(mark);
            }
        }
        return text.toString();
    }
}
