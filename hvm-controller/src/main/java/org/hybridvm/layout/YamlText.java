// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * A file's text as YAML; what is none is refused with line and column.
 *
 * @param code what it is refused with
 * @param file its name, for messages
 * @param kind what it is, in words: {@code the layout}
 * @param fields those that it may have at the top
 */
public record YamlText(ErrorCode code, String file, String kind, List<String> fields) {
    private static final int MAX_TEXT = 256 * 1024;
    private static final int MAX_DEPTH = 32; // the composer calls itself at each level

    /** @throws HvmException if there is no document, or there are several */
    public Node one(String yaml) {
        return compose(yaml, text -> one(composer().composeString(text))).getFirst();
    }

    /** @throws HvmException if there is no document */
    public List<Node> all(String yaml) {
        return compose(yaml, text -> {
            var documents = new ArrayList<Node>();
            composer().composeAllFromString(text).forEach(documents::add);
            return documents.isEmpty() ? one(Optional.empty()) : documents;
        });
    }

    private Compose composer() {
        return new Compose(settings());
    }

    private LoadSettings settings() {
        return LoadSettings.builder()
                .setLabel(file)
                .setAllowNonScalarKeys(true) // YamlObject refuses them, and says where they are
                .build();
    }

    private void requireShallow(String yaml) {
        int depth = 0;
        for (Event event : new Parse(settings()).parseString(yaml)) {
            depth += event instanceof CollectionStartEvent ? 1 : event instanceof CollectionEndEvent ? -1 : 0;
            if (depth > MAX_DEPTH) {
                Refusal.Builder refusal = Refusal.of(file, "depth", kind + " is nested too deeply")
                        .allowed("at most " + MAX_DEPTH + " levels");
                event.getStartMark().ifPresent(refusal::at);
                throw refusal.build();
            }
        }
    }

    private List<Node> one(Optional<Node> document) {
        return List.of(document.orElseThrow(() -> Refusal.of(file, "empty", kind + " is empty")
                .allowed(String.join(", ", fields))
                .build()));
    }

    private List<Node> compose(String yaml, Function<String, List<Node>> composer) {
        var findings = new Findings(code);
        List<Node> nodes = findings.or(List.of(), () -> parse(yaml, composer));
        findings.throwIfAny();
        return nodes;
    }

    private List<Node> parse(String yaml, Function<String, List<Node>> composer) {
        if (yaml.length() > MAX_TEXT) {
            throw Refusal.of(file, "length", kind + " is too long")
                    .value(yaml.length() + " characters")
                    .allowed("at most " + MAX_TEXT)
                    .build();
        }
        try {
            requireShallow(yaml);
            return composer.apply(yaml);
        } catch (MarkedYamlEngineException e) {
            Refusal.Builder refusal = Refusal.of(file, "yaml", "not YAML: " + e.getProblem());
            e.getProblemMark().ifPresent(refusal::at);
            throw refusal.cause(e).build();
        } catch (ReaderException e) {
            throw unprintable(yaml, e);
        } catch (YamlEngineException e) {
            throw Refusal.of(file, "yaml", "not YAML: " + e.getMessage())
                    .cause(e)
                    .build();
        }
    }

    /** The reader's exception counts code points of its buffer; the character's place is looked up anew. */
    private Refusal unprintable(String yaml, ReaderException cause) {
        String before = yaml.substring(0, yaml.indexOf(Character.toString(cause.getCodePoint())));
        long line = before.chars().filter(c -> c == '\n').count() + 1;
        int start = before.lastIndexOf('\n') + 1;
        return Refusal.of(file, "yaml", "not YAML: an unprintable character")
                .at((int) line, before.codePointCount(start, before.length()) + 1)
                .value("U+%04X".formatted(cause.getCodePoint()))
                .cause(cause)
                .build();
    }
}
