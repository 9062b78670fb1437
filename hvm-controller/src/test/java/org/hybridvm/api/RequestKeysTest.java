// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.cli.HvmTester;
import org.hybridvm.job.FakeMachine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests with an Idempotency-Key, an If-Match, a cursor. */
@Timeout(60)
class RequestKeysTest {
    @TempDir
    private Path folder;

    private FakeVmControl vms;
    private HvmTester hvm;
    private Path socket;

    @BeforeEach
    void setUp() throws Exception {
        var machine = new FakeMachine("demo", 2, folder.toRealPath())
                .install("/bin/true", process -> 0)
                .install("/bin/sleep", process -> process.awaitSignal());
        vms = new FakeVmControl(machine, Files.createFile(folder.resolve("c")));
        hvm = new HvmTester(vms, folder);
        socket = hvm.home.socket();
    }

    @AfterEach
    void tearDown() throws IOException {
        hvm.close();
    }

    @Test
    void shouldMakeOneJobForOneKeyHoweverOftenItIsAskedFor() throws Exception {
        vms.launched();
        RawClient.Answer first = submit("a", "/bin/true");
        assertThat(submit("a", "/bin/true").body()).isEqualTo(first.body());
        assertThat(submit("b", "/bin/true").json().number("job")).isEqualTo(2);
        assertThat(hvm.jobs.list()).hasSize(2);
    }

    @Test
    void shouldMakeOneJobForRequestsThatComeAtOnce() {
        vms.launched();
        var answers = new ArrayList<CompletableFuture<String>>();
        for (int i = 0; i < 20; i++) {
            answers.add(CompletableFuture.supplyAsync(() -> {
                try {
                    return submit("a", "/bin/true").body();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }));
        }
        assertThat(answers.stream().map(CompletableFuture::join).distinct()).hasSize(1);
        assertThat(hvm.jobs.list()).hasSize(1);
    }

    @Test
    void shouldRefuseAKeyThatWasAnotherRequests() throws Exception {
        vms.launched();
        submit("a", "/bin/true");
        RawClient.Answer refused = submit("a", "/bin/sleep");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.json().text("code")).isEqualTo("idempotency_key_reused");
        assertThat(refused.json().text("field")).isEqualTo("Idempotency-Key");
        assertThat(submit("with space", "/bin/true").json().text("code")).isEqualTo("invalid_request");
    }

    @Test
    void shouldNotKeepTheRefusalOfAJob() throws Exception {
        assertThat(submit("a", "/bin/true").json().text("code")).isEqualTo("no_vm");
        vms.launched();
        assertThat(submit("a", "/bin/true").json().number("job")).isEqualTo(1);
    }

    @Test
    void shouldLaunchOnceForOneKey() throws Exception {
        RawClient.Answer first = launch("a", "name: demo");
        assertThat(events(first)).containsExactly("begin", "phase", "note", "ready");
        assertThat(events(launch("a", "name: demo"))).containsExactly("ready");
        assertThat(vms.running()).hasSize(1);
        assertThat(launch("a", "name: other").json().text("code")).isEqualTo("idempotency_key_reused");
    }

    @Test
    void shouldTellAgainHowALaunchFailed() throws Exception {
        assertThat(events(launch("a", "name: demo # broken"))).containsExactly("begin", "phase", "note", "failed");
        RawClient.Answer again = launch("a", "name: demo # broken");
        assertThat(again.status()).isEqualTo(502);
        assertThat(again.json().text("code")).isEqualTo("boot_failed");
    }

    @Test
    void shouldApplyOnceForOneKey() throws Exception {
        vms.launched();
        assertThat(events(apply("a"))).containsExactly("vm", "begin", "phase", "done", "applied");
        assertThat(events(apply("a"))).containsExactly("applied");
        assertThat(vms.layouts().done).containsExactly("apply");
        assertThat(events(apply("b"))).hasSize(5);
    }

    @Test
    void shouldTellHowAnApplyEndedThatTheHvmdBeforeHadBegun() throws Exception {
        vms.launched();
        vms.layouts().end();
        assertThat(apply("a").json().text("problem", "")).isEmpty();
        assertThat(events(apply("a"))).containsExactly("vm", "done", "applied");
        assertThat(events(apply("a"))).containsExactly("applied");
        assertThat(vms.layouts().done).containsExactly("apply", "finish");
    }

    @Test
    void shouldNotKeepTheRefusalOfAnApplyThatHadNotBegun() throws Exception {
        vms.launched();
        vms.layouts().refuse(true);
        assertThat(apply("a").json().text("code")).isEqualTo("wrong_state");
        vms.layouts().refuse(false);
        assertThat(events(apply("a"))).endsWith("applied");
    }

    @Test
    void shouldChangeAJobOnceForOneKey() throws Exception {
        vms.launched();
        hvm.run("submit", "--wait", "-o", "out", "--", "/bin/true");
        RawClient.Answer first = keyed("/v1/jobs/1/requeue", "a", "");
        RawClient.Answer again = keyed("/v1/jobs/1/requeue", "a", "");
        assertThat(first.status()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(again.headers().get("etag")).isEqualTo(first.headers().get("etag"));
        assertThat(hvm.jobs.list().getFirst().batch().orElseThrow().restarts()).isEqualTo(1);
    }

    @Test
    void shouldMakeOneTokenForOneKeyAndTellItsSecretOnce() throws Exception {
        JsonObject token = keyed("/v1/tokens", "a", "{}").json();
        assertThat(token.text("secret")).isNotEmpty();
        RawClient.Answer again = keyed("/v1/tokens", "a", "{}");
        assertThat(again.status()).isEqualTo(409);
        assertThat(again.json().text("value")).isEqualTo(token.text("token"));
        assertThat(RawClient.get(socket, "/v1/tokens").json().objects("tokens")).hasSize(1);
    }

    @Test
    void shouldChangeAJobOnlyIfItIsAsTheCallerSawIt() throws Exception {
        vms.launched();
        hvm.run("submit", "--hold", "-o", "out", "--", "/bin/sleep");
        String tag = RawClient.get(socket, "/v1/jobs/1").headers().get("etag");
        RawClient.Answer released = change("/v1/jobs/1/release", tag);
        assertThat(released.status()).isEqualTo(200);
        assertThat(released.headers().get("etag")).isNotEqualTo(tag);
        RawClient.Answer late = change("/v1/jobs/1/cancel", tag);
        assertThat(late.status()).isEqualTo(412);
        assertThat(late.json().text("code")).isEqualTo("precondition_failed");
        assertThat(change("/v1/jobs/1/cancel", "*").status()).isEqualTo(200);
    }

    @Test
    void shouldDestroyAVmOnlyIfItIsAsTheCallerSawIt() throws Exception {
        vms.launched();
        String tag = RawClient.get(socket, "/v1/vms/demo").headers().get("etag");
        assertThat(RawClient.request(socket, "DELETE", "/v1/vms/demo", Map.of("If-Match", "\"x\""), null)
                        .status())
                .isEqualTo(412);
        assertThat(RawClient.request(socket, "DELETE", "/v1/vms/demo", Map.of("If-Match", tag), null)
                        .status())
                .isEqualTo(204);
    }

    @Test
    void shouldShowJobsPageByPage() throws Exception {
        vms.launched();
        for (int i = 0; i < 5; i++) {
            submit("key" + i, "/bin/true");
        }
        var seen = new ArrayList<Long>();
        JsonObject page = RawClient.get(socket, "/v1/jobs?limit=2").json();
        while (page.has("next")) {
            page.objects("jobs").forEach(job -> seen.add(job.number("job")));
            page = RawClient.get(socket, "/v1/jobs?limit=2&cursor=" + page.number("next"))
                    .json();
        }
        page.objects("jobs").forEach(job -> seen.add(job.number("job")));
        assertThat(seen).containsExactly(1L, 2L, 3L, 4L, 5L);
    }

    private RawClient.Answer submit(String key, String program) throws IOException {
        var body = Map.of("program", program, "directory", folder.toRealPath().toString());
        return RawClient.request(socket, "POST", "/v1/jobs", Map.of("Idempotency-Key", key), Json.write(body));
    }

    private RawClient.Answer launch(String key, String layout) throws IOException {
        var body = Map.of("layout", layout, "folder", "/");
        return RawClient.request(socket, "POST", "/v1/vms", Map.of("Idempotency-Key", key), Json.write(body));
    }

    private RawClient.Answer apply(String key) throws IOException {
        var body = Map.of("layouts", List.of(Map.of("layout", "name: demo")), "folder", "/");
        return keyed("/v1/layouts/apply", key, Json.write(body));
    }

    private RawClient.Answer keyed(String path, String key, String body) throws IOException {
        return RawClient.request(socket, "POST", path, Map.of("Idempotency-Key", key), body);
    }

    private RawClient.Answer change(String path, String tag) throws IOException {
        return RawClient.request(socket, "POST", path, Map.of("If-Match", tag), null);
    }

    private static List<String> events(RawClient.Answer answer) {
        return answer.body()
                .lines()
                .map(line -> JsonObject.parse(line).text("event"))
                .toList();
    }
}
