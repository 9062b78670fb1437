// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.hybridvm.JsonObject;
import org.hybridvm.job.AgentGreeting;
import org.hybridvm.job.JobKey;
import org.hybridvm.job.RunOption;
import org.hybridvm.vm.Guest;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * hvmd's numbers of the agent's channel against hvm/frame.h and hvm/device.h, as the C compiler sees them and
 * shared-memory-ipc prints them.
 */
class ChannelTwinTest {
    private static final Path ABI = Path.of("..", "shared-memory-ipc", "build", "abi.json");

    /** HVM_FRAME_... that are no types. */
    private static final String LIMITS = "MAGIC|VERSION|MAX";

    private static JsonObject abi;
    private static JsonObject channel;

    @BeforeAll
    static void readTheHeaders() throws IOException {
        assertThat(ABI).as("make -C shared-memory-ipc makes it").exists();
        abi = JsonObject.parse(Files.readString(ABI));
        channel = abi.object("channel");
    }

    @Test
    void shouldHaveTheFrameTypesOfTheHeaderNoneMoreAndNoneLess() {
        Map<String, Long> types = constants(channel, "HVM_FRAME_");
        types.keySet().removeIf(name -> name.matches(LIMITS));
        assertThat(Arrays.stream(FrameType.values()).collect(Collectors.toMap(Enum::name, type -> (long) type.code)))
                .isEqualTo(types);
    }

    @Test
    void shouldHaveTheFieldTagsOfTheHeaderNoneMoreAndNoneLess() {
        assertThat(Arrays.stream(FieldTag.values()).collect(Collectors.toMap(Enum::name, tag -> (long) tag.code)))
                .isEqualTo(constants(channel, "HVM_FIELD_"));
    }

    @Test
    void shouldHaveTheRunOptionsOfTheHeaderNoneMoreAndNoneLess() {
        assertThat(Arrays.stream(RunOption.values())
                        .collect(Collectors.toMap(Enum::name, option -> (long) RunOption.bits(List.of(option)))))
                .isEqualTo(constants(channel, "HVM_RUN_"));
    }

    @Test
    void shouldHaveTheSizesOfTheHeader() {
        assertThat(Frame.HEADER_SIZE).isEqualTo(size("hvm_frame"));
        assertThat((long) Frame.MAX_PAYLOAD)
                .isEqualTo(constants(channel, "HVM_FRAME_").get("MAX"));
        assertThat(PartitionInfo.SIZE).isEqualTo(size("hvm_info"));
        assertThat(ModuleInfo.SIZE).isEqualTo(size("hvm_module_info"));
        assertThat(JobInfo.SIZE).isEqualTo(size("hvm_job_info"));
    }

    /** The header of C's sample: magic, version, type, stream, length and check, each where C has it. */
    @Test
    void shouldWriteAHeaderAsCDoes() {
        byte[] frame = sample().encode().array();
        assertThat(HexFormat.of().formatHex(frame, 0, Frame.HEADER_SIZE)).isEqualTo(channel.text("sample"));
    }

    @Test
    void shouldReadAHeaderAsCWritesIt() {
        byte[] header = HexFormat.of().parseHex(channel.text("sample"));
        assertThat(Frame.decode(ByteBuffer.wrap(header)))
                .isEqualTo(new Frame.Header(FrameType.STDOUT, 0xfedcba98, Frame.MAX_PAYLOAD));
    }

    @Test
    void shouldWriteFieldsWhereTheHeaderHasThem() {
        ByteBuffer field = ByteBuffer.wrap(
                        new Fields().bytes(FieldTag.NONCE, new byte[] {7, 8, 9}).encode())
                .order(ByteOrder.LITTLE_ENDIAN);
        assertThat(field.capacity()).isEqualTo(size("hvm_field") + 3);
        assertThat((int) field.getShort(offset("hvm_field", "tag"))).isEqualTo(FieldTag.NONCE.code);
        assertThat(field.getInt(offset("hvm_field", "length"))).isEqualTo(3);
        assertThat(field.get(size("hvm_field"))).isEqualTo((byte) 7);
    }

    @Test
    void shouldReadAPartitionsDescriptionWhereTheHeaderHasIt() throws Exception {
        ByteBuffer info = ByteBuffer.allocate(size("hvm_info")).order(ByteOrder.LITTLE_ENDIAN);
        info.put(offset("hvm_info", "name"), "hrt".getBytes(StandardCharsets.UTF_8));
        info.putInt(offset("hvm_info", "core_count"), 2);
        info.putInt(offset("hvm_info", "cores_free"), 1);
        info.putLong(offset("hvm_info", "memory_size"), 1L << 33);
        info.putLong(offset("hvm_info", "program_memory"), 1L << 36);
        info.putLong(offset("hvm_info", "program_memory_used"), 1L << 37);
        info.putInt(offset("hvm_info", "generation"), 4);
        info.putLong(offset("hvm_info", "boot_first_instruction_ns"), 5);
        info.putLong(offset("hvm_info", "boot_ready_ns"), 6);
        info.putInt(offset("hvm_info", "jobs"), 7);
        info.putLong(offset("hvm_info", "heartbeat"), 1L << 34);
        info.putLong(offset("hvm_info", "interrupts"), 1L << 35);
        info.putInt(offset("hvm_info", "privilege"), 1);
        assertThat(PartitionInfo.decode(info.array()))
                .isEqualTo(new Guest.Partition(
                        "hrt",
                        "DOWN",
                        2,
                        1,
                        1L << 33,
                        1L << 36,
                        1L << 37,
                        4,
                        Duration.ofNanos(5),
                        Duration.ofNanos(6),
                        1L << 34,
                        1L << 35,
                        7,
                        "user"));
    }

    @Test
    void shouldReadAModulesDescriptionWhereTheHeaderHasIt() throws Exception {
        ByteBuffer info = ByteBuffer.allocate(size("hvm_module_info")).order(ByteOrder.LITTLE_ENDIAN);
        info.put(offset("hvm_module_info", "module"), "counter".getBytes(StandardCharsets.UTF_8));
        info.putLong(offset("hvm_module_info", "address"), 0xffffffff00000000L);
        info.putLong(offset("hvm_module_info", "memory_size"), 1L << 33);
        info.putInt(offset("hvm_module_info", "symbol_count"), 3);
        assertThat(ModuleInfo.decode(info.array(), "one two"))
                .isEqualTo(new Guest.Module("counter", 0xffffffff00000000L, 1L << 33, 3, List.of("one", "two")));
        assertThat(ModuleInfo.decode(info.array(), "").names()).isEmpty();
    }

    @Test
    void shouldReadAPartitionsActivityWhereTheHeaderHasIt() throws Exception {
        int cores = offset("hvm_activity", "core");
        int core = size("hvm_core_activity");
        ByteBuffer info = ByteBuffer.allocate(cores + 2 * core).order(ByteOrder.LITTLE_ENDIAN);
        info.put(offset("hvm_activity", "name"), "hrt".getBytes(StandardCharsets.UTF_8));
        info.putInt(offset("hvm_activity", "core_count"), 2);
        String[] counters = {
            "jobs",
            "calls_local",
            "calls_forwarded",
            "page_faults",
            "wakes_sent",
            "halts",
            "interrupts",
            "shootdowns",
            "preemptions"
        };
        for (int i = 0; i < counters.length; i++) {
            info.putLong(offset("hvm_activity", counters[i]), (1L << 33) + i);
        }
        info.putInt(cores + core + offset("hvm_core_activity", "state"), 3);
        info.putLong(cores + core + offset("hvm_core_activity", "heartbeat"), 1L << 34);
        info.putLong(cores + core + offset("hvm_core_activity", "interrupts"), 1L << 35);
        long first = 1L << 33;
        assertThat(ActivityInfo.decode(info.array()))
                .isEqualTo(new Guest.Activity(
                        "hrt",
                        first,
                        first + 1,
                        first + 2,
                        first + 3,
                        first + 4,
                        first + 5,
                        first + 6,
                        first + 7,
                        first + 8,
                        List.of(new Guest.Core("OFF", 0, 0), new Guest.Core("RUNNING", 1L << 34, 1L << 35))));
        assertThatThrownBy(() -> ActivityInfo.decode(Arrays.copyOf(info.array(), cores + core)))
                .isInstanceOf(ProtocolException.class);
    }

    @Test
    void shouldReadAJobWhereTheHeaderHasIt() throws Exception {
        ByteBuffer info = ByteBuffer.allocate(size("hvm_job_info")).order(ByteOrder.LITTLE_ENDIAN);
        info.putInt(offset("hvm_job_info", "stream"), 3);
        info.putInt(offset("hvm_job_info", "restarts"), 2);
        info.putInt(offset("hvm_job_info", "ended"), 1);
        info.putLong(offset("hvm_job_info", "reports"), 1L << 33);
        assertThat(JobInfo.greeting(new Fields().bytes(FieldTag.JOB, info.array()))
                        .jobs())
                .containsExactly(Map.entry(new JobKey(3, 2), new AgentGreeting.Kept(true, 1L << 33)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"DOWN", "LOADING", "BOOTING", "READY", "RUNNING", "HUNG", "FAILED"})
    void shouldCallAPartitionsStateAsTheHeaderDoes(String state) throws Exception {
        ByteBuffer info = ByteBuffer.allocate(size("hvm_info")).order(ByteOrder.LITTLE_ENDIAN);
        int number = constants(abi, "HVM_").get(state).intValue();
        info.putInt(offset("hvm_info", "state"), number);
        assertThat(PartitionInfo.decode(info.array()).state()).isEqualTo(state);
    }

    private static Frame sample() {
        return new Frame(FrameType.STDOUT, 0xfedcba98, new byte[Frame.MAX_PAYLOAD]);
    }

    /** The constants whose names begin so, without that beginning. */
    private static Map<String, Long> constants(JsonObject dump, String prefix) {
        var numbers = new TreeMap<String, Long>();
        for (JsonObject constant : dump.objects("constants")) {
            String name = constant.text("name");
            if (name.startsWith(prefix)) {
                numbers.put(name.substring(prefix.length()), Long.parseUnsignedLong(digits(constant), 16));
            }
        }
        return numbers;
    }

    private static String digits(JsonObject constant) {
        return constant.text("value").replaceFirst("^0x", "");
    }

    private static int size(String struct) {
        return (int) struct(struct).number("size");
    }

    private static int offset(String struct, String field) {
        return (int) struct(struct).object("fields").object(field).number("offset");
    }

    private static JsonObject struct(String name) {
        return channel.object("structs").object(name);
    }
}
