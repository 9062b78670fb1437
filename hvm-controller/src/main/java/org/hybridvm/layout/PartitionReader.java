// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads {@code partitions:} of a layout. */
final class PartitionReader {
    static final List<String> FIELDS = List.of("name", "cores", "memory", "image", "privilege", "health");
    static final int MAX_PARTITIONS = 8;

    private final LayoutFiles files;

    PartitionReader(LayoutFiles files) {
        this.files = files;
    }

    List<Layout.Hrt> read(YamlObject top) {
        Health health = HealthReader.health(top.object("health", HealthReader.HEALTH_FIELDS), Health.DEFAULT);
        List<Layout.Hrt> partitions = top.list("partitions", element -> partition(element.object(FIELDS), health))
                .orElseGet(() -> List.of(standard(health)));
        top.findings().ifSound(() -> check(top, partitions));
        return partitions;
    }

    private static void check(YamlObject top, List<Layout.Hrt> partitions) {
        if (partitions.isEmpty() || partitions.size() > MAX_PARTITIONS) {
            throw top.refuse("partition-count", "partitions", "a VM has other numbers of HRT partitions")
                    .value(partitions.size())
                    .allowed("1 to " + MAX_PARTITIONS)
                    .build();
        }
        Set<String> names = new HashSet<>();
        for (Layout.Hrt partition : partitions) {
            if (!names.add(partition.name()) || partition.name().equals("linux")) {
                throw top.refuse("partition-name", "partitions", "the name of a partition is taken")
                        .value(partition.name())
                        .build();
            }
        }
    }

    private static Layout.Hrt standard(Health health) {
        return new Layout.Hrt(
                Layout.DEFAULT_PARTITION,
                Layout.DEFAULT_HRT_CORES,
                Layout.DEFAULT_HRT_MEMORY,
                Optional.empty(),
                Layout.Privilege.KERNEL,
                health);
    }

    /** @param health the VM's */
    private Layout.Hrt partition(YamlObject object, Health health) {
        return new Layout.Hrt(
                LayoutReader.name(object, Layout.DEFAULT_PARTITION),
                object.number("cores", Layout.DEFAULT_HRT_CORES, 1, Layout.MAX_HRT_CORES),
                memory(object),
                object.findings().or(Optional.empty(), () -> files.aerokernel(object, "image")),
                object.choice("privilege", Layout.Privilege.class, Layout.Privilege.KERNEL),
                HealthReader.health(object.object("health", HealthReader.HEALTH_FIELDS), health));
    }

    private static long memory(YamlObject object) {
        long memory = object.size("memory", Layout.DEFAULT_HRT_MEMORY);
        return object.findings().or(Layout.DEFAULT_HRT_MEMORY, () -> {
            if (memory < Layout.MIN_HRT_MEMORY
                    || memory > Layout.MAX_HRT_MEMORY
                    || memory % Layout.HRT_MEMORY_UNIT != 0) {
                throw object.refuse("partition-memory", "memory", "a partition's memory is of another size")
                        .allowed("16MiB to 256GiB, in steps of 2MiB")
                        .build();
            }
            return memory;
        });
    }
}
