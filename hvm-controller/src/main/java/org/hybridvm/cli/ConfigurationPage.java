// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import org.hybridvm.JsonObject;

/** hvmd.yaml(5), made from the configuration's JSON Schema. */
final class ConfigurationPage {
    static final String EXAMPLE = """
            socket:
              group: hvm
            roles:
              operator: {users: [ada], groups: [wheel]}
              viewer: {users: [prometheus]}
            quotas:
              default: {jobs: 100, running: 8, cores: 16}
              users: {ada: {cores: 64}}
            limits: {rate: 500, burst: 1000}
            log: {format: json}
            """;

    private final JsonObject schema;
    private final String date;

    /** @param schema the text of {@code hvmd.schema.json} */
    ConfigurationPage(String schema, String date) {
        this.schema = JsonObject.parse(schema);
        this.date = date;
    }

    ManPage page() {
        var page = new ManPage("hvmd.yaml", 5, date, "what hvmd is to do, and for whom");
        page.section("DESCRIPTION")
                .text(List.of(
                        "The configuration of hvmd is a YAML file.",
                        schema.text("description"),
                        "A mistake in it is told with file, line, column, what is allowed and what to do, and hvmd does not start.",
                        "So is a file that others than root and hvmd's own user could write.",
                        "",
                        "To take a change over, end hvmd (hvm daemon stop, or systemctl restart hvmd): VMs and batch jobs go on.",
                        "",
                        "A size is " + schema.object("$defs").object("size").text("description")));
        new SchemaFields(schema).addTo(page.section("FIELDS"));
        page.section("FILES")
                .beginList()
                .item("Pa /etc/hvm/hvmd.yaml", "The configuration of root's hvmd.")
                .item(
                        "Pa $HVM_HOME/hvmd.yaml",
                        "That of any other: in its state folder, ~/.local/state/hvm if none is chosen.")
                .endList();
        page.section("EXAMPLES").literal(EXAMPLE.lines().toList());
        return page.seeAlso(List.of("hvm-daemon(1)", "hvm-token(1)", "hvm.layout(5)", "hvmd(8)"));
    }
}
