// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.hybridvm.layout.Layout;

/** What the care of partitions needs of the VMs. */
final class PartitionHands implements PartitionCare.Hands {
    private static final int CONSOLE_LINES = 100;

    private final Libvirt libvirt;
    private final VmStore store;
    private final Path images;
    private final Consumer<String> destroy;

    /** Numbers of the jobs on a partition of a VM. */
    private volatile BiFunction<String, String, List<Integer>> jobs = (vm, partition) -> List.of();

    /** @param destroy destroys a VM, by its name */
    PartitionHands(Libvirt libvirt, VmStore store, Path images, Consumer<String> destroy) {
        this.libvirt = libvirt;
        this.store = store;
        this.images = images;
        this.destroy = destroy;
    }

    /** @param numbers gives the numbers of the jobs on a partition of a VM, by their names, without blocking */
    void jobsOn(BiFunction<String, String, List<Integer>> numbers) {
        jobs = numbers;
    }

    @Override
    public List<Integer> jobsOn(String vm, String partition) {
        return jobs.apply(vm, partition);
    }

    @Override
    public void destroy(String vm) {
        destroy.accept(vm);
    }

    @Override
    public DumpMaker maker(Vm vm, Guest guest, Layout.Hrt partition) {
        Layout layout = vm.record().layout();
        var symbols = new DumpSymbols(
                symbolsOf(partition),
                layout.mounts().stream().map(Layout.Mount::source).toList());
        return new DumpMaker(guest, libvirt.monitor(), VmPaths.domain(vm), symbols);
    }

    /** The ELF file that the aerokernel's image was made from lies beside it. */
    private Optional<Path> symbolsOf(Layout.Hrt partition) {
        Path image = partition.image().orElse(images.resolve("hrt.bin"));
        String name = image.getFileName().toString().replaceFirst("\\.[^.]*$", "");
        return Optional.of(image.resolveSibling(name + ".elf")).filter(Files::exists);
    }

    @Override
    public List<String> console(String vm) {
        return ConsoleLog.lastLines(store.consoleOf(vm), CONSOLE_LINES);
    }
}
