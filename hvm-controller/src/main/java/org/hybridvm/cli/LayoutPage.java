// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import org.hybridvm.JsonObject;

/** hvm.layout(5), made from the layout's JSON Schema. */
final class LayoutPage {
    static final String EXAMPLE = """
            name: demo
            memory: 2GiB
            linux:
              cores: 1
            partitions:
              - name: hrt
                cores: 2
                memory: 64MiB
            mounts:
              - .
            """;

    private final JsonObject schema;
    private final String date;

    /** @param schema the text of {@code layout.schema.json} */
    LayoutPage(String schema, String date) {
        this.schema = JsonObject.parse(schema);
        this.date = date;
    }

    ManPage page() {
        var page = new ManPage("hvm.layout", 5, date, "what a Hybrid VM is to be");
        page.section("DESCRIPTION")
                .text(List.of(
                        "A layout is a YAML file.",
                        schema.text("description"),
                        "",
                        "A size is " + schema.object("$defs").object("size").text("description"),
                        "A name is " + schema.object("$defs").object("name").text("description")));
        new SchemaFields(schema).addTo(page.section("FIELDS"));
        page.section("EXAMPLES").literal(EXAMPLE.lines().toList());
        return page.seeAlso(
                List.of("hvm-apply(1)", "hvm-launch(1)", "hvm-plan(1)", "hvm-validate(1)", "hvmd.yaml(5)", "hvmd(8)"));
    }
}
