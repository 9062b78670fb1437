// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.hybridvm.layout.Difference.Effect;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayoutDiffTest {
    @TempDir
    private Path folder;

    @Test
    void shouldFindNothingBetweenALayoutAndItself() {
        assertThat(LayoutDiff.between(read("name: a"), read("name: a"))).isEmpty();
    }

    @Test
    void shouldNameFieldsOfPartitionsByTheirNames() {
        assertThat(LayoutDiff.between(
                        read("partitions: [{name: x}, {name: y}]"),
                        read("partitions: [{name: x, cores: 3}, {name: y}]")))
                .containsExactly(
                        new Difference("partitions.x.cores", Optional.of("1"), Optional.of("3"), Effect.RESTART));
    }

    @Test
    void shouldTellWhatIsAddedAndWhatGoes() {
        List<Difference> differences =
                LayoutDiff.between(read("mounts: []"), read("mounts: [{source: ., readonly: true}]"));
        assertThat(differences)
                .extracting(Difference::field, Difference::before, Difference::after)
                .contains(org.assertj.core.api.Assertions.tuple(
                        "mounts." + real() + ".readonly", Optional.empty(), Optional.of("true")));
        assertThat(LayoutDiff.between(read("mounts: ['.']"), read("mounts: []")))
                .anySatisfy(one -> assertThat(one.after()).isEmpty());
    }

    @Test
    void shouldSeeTheOrderOfPartitionsWhichIsThatOfTheirCores() {
        assertThat(LayoutDiff.between(
                        read("partitions: [{name: x}, {name: y}]"), read("partitions: [{name: y}, {name: x}]")))
                .containsExactly(new Difference(
                        "partitions", Optional.of("[\"x\",\"y\"]"), Optional.of("[\"y\",\"x\"]"), Effect.RESTART));
    }

    @Test
    void shouldKnowWhatIsChangedWhileTheVmRuns() {
        assertThat(LayoutDiff.between(read("window: 1MiB"), read("window: 1MiB\nconsole: {limit: 2MiB}")))
                .containsExactly(
                        new Difference("console.limit", Optional.of("1MiB"), Optional.of("2MiB"), Effect.LIVE));
    }

    @Test
    void shouldChangeWhoMayUseAVmWhileItRuns() {
        assertThat(LayoutDiff.between(read("name: a"), read("name: a\naccess: {users: [ada]}")))
                .containsExactly(
                        new Difference("access.users", Optional.empty(), Optional.of("[\"ada\"]"), Effect.LIVE),
                        new Difference("access.groups", Optional.empty(), Optional.of("[]"), Effect.LIVE));
    }

    private Path real() {
        return new LayoutReader("layout.yaml", folder)
                .standard()
                .mounts()
                .getFirst()
                .source();
    }

    private Layout read(String yaml) {
        return new LayoutReader("layout.yaml", folder).read(yaml);
    }
}
