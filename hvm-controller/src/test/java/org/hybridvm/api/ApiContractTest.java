// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hybridvm.Await.await;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.vertx.ext.web.Route;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.cli.HvmTester;
import org.hybridvm.job.FakeMachine;
import org.hybridvm.job.OutputStreamKind;
import org.hybridvm.job.PartitionKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Holds openapi.yaml against the server: its routes both ways, and what it really answers. */
@Timeout(60)
class ApiContractTest {
    private static final Set<String> METHODS = Set.of("get", "post", "delete", "put", "patch");

    @TempDir
    private Path folder;

    private FakeVmControl vms;
    private HvmTester hvm;
    private Path socket;
    private JsonObject document;
    private final Set<String> answered = new HashSet<>();
    private final Map<String, Schema> schemas = new LinkedHashMap<>();

    @BeforeEach
    void setUp() throws Exception {
        var machine = new FakeMachine("demo", 2, folder.toRealPath())
                .install("/bin/true", process -> 0)
                .install("/bin/sleep", process -> process.awaitSignal())
                .install("/bin/hvm-bench", process -> {
                    boolean noise = process.command().arguments().contains("noise");
                    process.write(
                            OutputStreamKind.STDOUT,
                            noise
                                    ? "{\"cores\":[{\"kind\":\"hrt\",\"fwq\":{},\"detours\":{}}]}\n"
                                    : process.command().kind() == PartitionKind.HRT
                                            ? "{\"metrics\":[{\"name\":\"barrier\",\"value\":5,\"unit\":\"ns\",\"p10\":1,\"p90\":9}]}\n"
                                            : "{\"metrics\":[]}\n");
                    return 0;
                });
        vms = new FakeVmControl(machine, Files.writeString(folder.resolve("c"), "Linux version 6.1\n"));
        hvm = new HvmTester(vms, folder);
        socket = hvm.home.socket();
        document = RawClient.get(socket, "/v1/openapi.json").json();
    }

    @AfterEach
    void tearDown() throws IOException {
        hvm.close();
    }

    @Test
    void shouldDescribeAllRoutesAndNoOthers() {
        assertThat(document.text("openapi")).isEqualTo("3.1.0");
        assertThat(described()).isEqualTo(served());
    }

    /** What only looks or measures can be asked again as it is. */
    @Test
    void shouldTakeAKeyWithEveryPostThatChangesSomething() {
        Set<String> others = Set.of("/v1/layouts/validate", "/v1/layouts/plan", "/v1/bench", "/v1/bench/noise");
        document.object("paths").asMap().forEach((path, operations) -> {
            JsonObject post = JsonObject.of(operations).object("post");
            if (post.has("operationId") && !others.contains(path)) {
                assertThat(Json.write(post.asMap())).as(path).contains("#/components/parameters/IdempotencyKey");
            }
        });
    }

    /** Who mistypes "test_only" wants no job. */
    @Test
    void shouldTakeTheFieldsThatAreDescribedAndNoOthers() throws IOException {
        for (String route : described()) {
            String[] words = route.split(" ");
            String schema = "#/paths/" + words[1].replace("/", "~1") + "/" + words[0].toLowerCase(Locale.ROOT)
                    + "/requestBody/content/application~1json/schema";
            if (at(schema) instanceof Map<?, ?> reference) {
                JsonObject body = JsonObject.of(at(reference.get("$ref").toString()));
                String path = words[1].replace("{vm}", "demo").replaceAll("\\{[^}]+}", "1");
                RawClient.Answer answer = RawClient.request(socket, words[0], path, Map.of(), "{\"none\": 1}");
                assertThat(answer.status()).as(route).isEqualTo(400);
                assertThat(answer.json().text("field")).as(route).isEqualTo("none");
                assertThat(answer.json().text("allowed").split(", "))
                        .as(route)
                        .containsExactlyInAnyOrderElementsOf(
                                body.object("properties").asMap().keySet());
            }
        }
    }

    @Test
    void shouldSayWhichMethodsAResourceHas() throws IOException {
        RawClient.Answer answer = RawClient.request(socket, "PUT", "/v1/vms/demo", Map.of(), null);
        assertThat(answer.status()).isEqualTo(405);
        assertThat(answer.json().text("allowed")).isEqualTo("DELETE, GET");
    }

    @Test
    void shouldReferOnlyToWhatIsThere() {
        references(document.asMap())
                .forEach(reference -> assertThat(at(reference)).as(reference).isNotNull());
    }

    @Test
    void shouldAnswerAsDescribed() throws Exception {
        JsonObject layout = JsonObject.of(Map.of("layout", "name: demo", "folder", "/"));
        check("GET", "/v1/vms", null, 200);
        check("GET", "/v1/vms/demo", null, 404);
        check("POST", "/v1/layouts/validate", layout, 200);
        check("POST", "/v1/layouts/validate", JsonObject.of(Map.of("layout", "wrong", "folder", "/")), 422);
        check("POST", "/v1/vms", layout, 200);
        check("POST", "/v1/vms", JsonObject.of(Map.of("layout", "broken", "folder", "/")), 200);
        vmsAnswerAsDescribed();
        jobsAnswerAsDescribed();
        check("GET", "/v1/openapi.json", null, 200);
        check("GET", "/v1/version", null, 200);
        check("GET", "/v1/doctor", null, 200);
        JsonObject declared = JsonObject.of(Map.of("layouts", List.of(Map.of("layout", "name: demo")), "folder", "/"));
        check("POST", "/v1/layouts/plan", declared, 200);
        check("POST", "/v1/layouts/apply", declared, 200);
        check("GET", "/v1/vms/demo/layout", null, 200);
        check("GET", "/v1/host", null, 200);
        check("POST", "/v1/tokens", JsonObject.of(Map.of("note", "test")), 200);
        check("GET", "/v1/tokens", null, 200);
        check("DELETE", "/v1/tokens/none", null, 404);
        check("GET", "/v1/daemon/configuration", null, 200);
        check("GET", "/metrics", null, 200);
        check("GET", "/v1/metrics", null, 200);
        check("GET", "/v1/top", null, 200);
        check("GET", "/v1/health/live", null, 200);
        check("GET", "/v1/health/ready", null, 200);
        check("GET", "/v1/dumps", null, 200);
        check("GET", "/v1/dumps/3", null, 200);
        check("GET", "/v1/dumps/4", null, 404);
        check("GET", "/v1/events", null, 200);
        check("GET", "/v1/events?after=100000", null, 410);
        check("POST", "/v1/tokens", JsonObject.of(Map.of("role", "viewer")), 200);
        check("POST", "/v1/tokens", JsonObject.of(Map.of("role", "emperor")), 400);
        check("GET", "/v1/tokens", null, 200);
        check("DELETE", "/v1/tokens/none", null, 404);
        check("GET", "/v1/daemon/configuration", null, 200);
        check("POST", "/v1/bench", JsonObject.of(Map.of("vm", "demo")), 200);
        check("POST", "/v1/bench/noise", JsonObject.of(Map.of("seconds", 1)), 200);
        check("POST", "/v1/bench/noise", JsonObject.of(Map.of("seconds", 99)), 400);
        check("DELETE", "/v1/vms/demo?force=true", null, 204);
        check("DELETE", "/v1/daemon", null, 204);

        Set<String> rest = new TreeSet<>(described());
        rest.removeAll(answered);
        assertThat(rest).as("tried nowhere").isEmpty();
    }

    private void vmsAnswerAsDescribed() throws IOException {
        check("GET", "/v1/vms", null, 200);
        check("GET", "/v1/vms/demo", null, 200);
        check("GET", "/v1/vms/demo/console", null, 200);
        check("GET", "/v1/vms/demo/logs/kernel", null, 200);
        check("POST", "/v1/vms/demo/partitions/hrt/reboot", JsonObject.of(Map.of("force", true)), 200);
        check("GET", "/v1/vms/demo/partitions/hrt/modules", null, 200);
        check("POST", "/v1/vms/demo/partitions/hrt/modules", JsonObject.of(Map.of("file", "/a.so")), 200);
        check("POST", "/v1/vms/demo/partitions/hrt/modules", JsonObject.of(Map.of("file", 7)), 400);
        check("DELETE", "/v1/vms/demo/partitions/hrt/modules/a", null, 200);
        check("POST", "/v1/vms/none/window/serve", JsonObject.of(Map.of()), 404);
    }

    private void jobsAnswerAsDescribed() throws Exception {
        String here = folder.toRealPath().toString();
        check("POST", "/v1/jobs", JsonObject.of(Map.of("program", "/bin/true", "directory", here)), 200);
        var held = Map.of("--hold", "", "--time", "10", "--output", "o");
        check(
                "POST",
                "/v1/jobs",
                JsonObject.of(Map.of("program", "/bin/sleep", "directory", here, "options", held)),
                200);
        check("POST", "/v1/jobs", JsonObject.of(Map.of("program", here + "/none", "directory", here)), 422);
        check("POST", "/v1/jobs", JsonObject.of(Map.of("directory", here)), 400);
        await(() -> hvm.jobs.find(1).state().isTerminal());
        check("GET", "/v1/jobs", null, 200);
        check("GET", "/v1/jobs?limit=1", null, 200);
        check("GET", "/v1/jobs?limit=none", null, 400);
        check("GET", "/v1/jobs/1", null, 200);
        check("GET", "/v1/jobs/2", null, 200);
        check("GET", "/v1/jobs/77", null, 404);
        check("GET", "/v1/jobs/1/log", null, 200);
        check("GET", "/v1/jobs/2/why", null, 200);
        check("GET", "/v1/jobs/1/stat", null, 200);
        check("GET", "/v1/jobs/77/stat", null, 404);
        check("GET", "/v1/jobs/2_0", null, 404);
        check("GET", "/v1/jobs/two", null, 400);
        check("GET", "/v1/jobs/run", null, 400);
        check("GET", "/v1/jobs/1/attach", null, 400);
        check("POST", "/v1/jobs/2/hold", null, 200);
        check("POST", "/v1/jobs/2/release", null, 200);
        check("POST", "/v1/jobs/2/signal", JsonObject.of(Map.of("signal", 15)), 200);
        check("POST", "/v1/jobs/1/cancel", null, 409);
        check("POST", "/v1/jobs/1/requeue", null, 200);
    }

    private void check(String method, String path, JsonObject body, int status) throws IOException {
        RawClient.Answer answer =
                RawClient.request(socket, method, path, Map.of(), body == null ? null : Json.write(body.asMap()));
        String what = method + " " + path + " " + answer.body();
        assertThat(answer.status()).as(what).isEqualTo(status);
        String plain = path.split("\\?")[0];
        String route = described().stream()
                .filter(one -> matches(one, method, plain))
                .findFirst()
                .orElseThrow();
        answered.add(route);
        String operation = "#/paths/" + route.split(" ")[1].replace("/", "~1") + "/" + method.toLowerCase(Locale.ROOT)
                + "/responses/";
        if (status >= 400) {
            assertThat(answer.type()).as(what).isEqualTo("application/problem+json");
            assertThat(errors("#/components/schemas/Problem", answer.body()))
                    .as(what)
                    .isEmpty();
            assertThat(answer.json().number("status")).isEqualTo(status);
            return;
        }
        assertThat(at(operation + status)).as("described answer to " + what).isNotNull();
        if (status == 204) {
            return;
        }
        String schema = operation + status + "/content/" + answer.type().replace("/", "~1") + "/schema";
        assertThat(at(schema)).as(schema).isNotNull();
        if (answer.type().equals("application/json")) {
            assertThat(errors(schema, answer.body())).as(what).isEmpty();
        } else if (answer.type().equals("application/x-ndjson")) {
            answer.body()
                    .lines()
                    .forEach(line -> assertThat(errors(schema, line)).as(line).isEmpty());
        }
    }

    /** A route with fixed words comes before one with a name in their place. */
    private boolean matches(String route, String method, String path) {
        String[] words = route.split(" ");
        boolean exact = described().contains(method + " " + path);
        return exact
                ? route.equals(method + " " + path)
                : words[0].equals(method) && path.matches(words[1].replaceAll("\\{[^}]+}", "[^/]+"));
    }

    private Set<String> described() {
        var routes = new TreeSet<String>();
        document.object("paths")
                .asMap()
                .forEach((path, item) -> JsonObject.of(item).asMap().keySet().stream()
                        .filter(METHODS::contains)
                        .forEach(method -> routes.add(method.toUpperCase(Locale.ROOT) + " " + path)));
        return routes;
    }

    private Set<String> served() {
        var routes = new TreeSet<String>();
        for (Route route : hvm.server.router().getRoutes()) {
            if (route.getPath() != null) {
                String path = route.getPath().replaceAll(":([a-z]+)", "{$1}");
                route.methods().forEach(method -> routes.add(method.name() + " " + path));
            }
        }
        return routes;
    }

    /** Fields that are not described count as errors, so that none is forgotten. */
    private List<String> errors(String pointer, String text) {
        Schema schema = schemas.computeIfAbsent(pointer, where -> {
            var all = new LinkedHashMap<String, Object>();
            all.put("$schema", "https://json-schema.org/draft/2020-12/schema");
            all.put("$ref", where);
            all.put("components", strict(document.asMap().get("components")));
            all.put("paths", strict(document.asMap().get("paths")));
            return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                    .getSchema(Json.write(all), InputFormat.JSON);
        });
        return schema.validate(text, InputFormat.JSON).stream()
                .map(Object::toString)
                .toList();
    }

    private static Object strict(Object value) {
        if (value instanceof List<?> list) {
            return list.stream().map(ApiContractTest::strict).toList();
        }
        if (!(value instanceof Map<?, ?> map)) {
            return value;
        }
        var copy = new LinkedHashMap<String, Object>();
        map.forEach((name, one) -> copy.put(name.toString(), strict(one)));
        if (copy.containsKey("properties") && !copy.containsKey("additionalProperties")) {
            copy.put("additionalProperties", false);
        }
        return copy;
    }

    private Object at(String pointer) {
        Object here = document.asMap();
        for (String word : pointer.substring(2).split("/")) {
            if (!(here instanceof Map<?, ?> map)) {
                return null;
            }
            here = map.get(word.replace("~1", "/"));
        }
        return here;
    }

    private static List<String> references(Object value) {
        var found = new ArrayList<String>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, one) -> {
                if (name.equals("$ref")) {
                    found.add(one.toString());
                } else {
                    found.addAll(references(one));
                }
            });
        } else if (value instanceof List<?> list) {
            return list.stream().flatMap(one -> references(one).stream()).collect(Collectors.toList());
        }
        return found;
    }
}
