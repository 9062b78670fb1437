// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

/** {@code hvm metrics}. */
final class MetricsCommand extends Command {
    MetricsCommand(Context context) {
        super(context, "metrics", "Print hvmd's metrics as Prometheus reads them");
        explain(
                "",
                "hvmd serves the same at /metrics. Where Prometheus cannot reach hvmd's socket, node_exporter's textfile",
                "collector takes it from a file. docs/sight.md has a table of all metrics.");
        examples(
                "hvm metrics",
                "hvm metrics > /var/lib/prometheus/node-exporter/hvm.prom.new && mv ... hvm.prom   from a timer");
    }

    @Override
    public Integer call() {
        context.out().print(client().getText("/metrics"));
        return OK;
    }
}
