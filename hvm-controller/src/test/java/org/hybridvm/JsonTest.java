// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
    @Test
    void shouldComeBackAsItWasWritten() throws IOException {
        var object = new LinkedHashMap<String, Object>();
        object.put("text", "\u00e4\"\n");
        object.put("number", 9_000_000_000L);
        object.put("decimal", 0.25);
        object.put("flag", true);
        object.put("nothing", null);
        object.put("list", Arrays.asList("a", 1L, Map.of()));
        assertThat(Json.parse(Json.write(object))).isEqualTo(object);
        assertThat(Json.parse(Json.writePretty(object))).isEqualTo(object);
    }

    @Test
    void shouldWriteAPathAsText() {
        assertThat(Json.write(Path.of("/home/me"))).isEqualTo("\"/home/me\"");
    }

    @Test
    void shouldRefuseTextAfterTheValue() {
        assertThatThrownBy(() -> Json.parse("{} {}")).isInstanceOf(IOException.class);
    }

    @Test
    void shouldRefuseWhatIsTooDeep() {
        assertThatThrownBy(() -> Json.parse("[".repeat(100))).isInstanceOf(IOException.class);
    }

    @Test
    void shouldNameAFieldThatIsMissing() {
        assertThatThrownBy(() -> JsonObject.parse("{}").text("program"))
                .hasMessage("The field 'program' is missing. Allowed: a string.");
    }

    @Test
    void shouldNameAFieldOfTheWrongType() {
        JsonObject object = JsonObject.parse("{\"cores\":\"two\",\"arguments\":[1]}");
        assertThatThrownBy(() -> object.number("cores", 1))
                .hasMessage("The field 'cores' has the wrong type: \"two\". Allowed: a whole number.");
        assertThatThrownBy(() -> object.texts("arguments"))
                .hasMessage("The field 'arguments' has the wrong type: 1. Allowed: a list of strings.");
    }

    @Test
    void shouldRefuseAFractionWhereAWholeNumberIsMeant() {
        JsonObject object = JsonObject.parse("{\"signal\":1.5,\"cores\":2.0,\"options\":[]}");
        assertThatThrownBy(() -> object.number("signal"))
                .hasMessage("The field 'signal' has the wrong type: 1.5. Allowed: a whole number.");
        assertThat(object.number("cores")).isEqualTo(2);
        assertThatThrownBy(() -> object.object("options"))
                .hasMessage("The field 'options' has the wrong type: []. Allowed: an object.");
    }

    @Test
    void shouldTakeAnAbsentListForAnEmptyOne() {
        assertThat(JsonObject.parse("{}").texts("arguments")).isEqualTo(List.of());
    }

    @Test
    void shouldRefuseWhatIsNoJson() {
        assertThatThrownBy(() -> JsonObject.parse("{")).hasMessageStartingWith("The text is not JSON: ");
        assertThatThrownBy(() -> JsonObject.parse("{\"a\": nul}"))
                .hasMessageContainingAll("'nul'", "(line 1, column ")
                .hasMessageNotContaining("REDACTED");
        assertThatThrownBy(() -> JsonObject.parse("[]"))
                .hasMessage("The JSON value is no object. Allowed: one JSON object.");
    }
}
