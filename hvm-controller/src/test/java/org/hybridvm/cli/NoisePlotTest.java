// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

class NoisePlotTest {
    private static final String ANSWER = """
            {"vm":"a<b","acceleration":"tcg","seconds":2,"quantum_ns":1000000,"threshold_ns":1000,"cores":[
              {"kind":"hrt","partition":"hrt","cpu":1,"interrupts":0,
               "fwq":{"samples_ns":[1000000,1000000,1000000],
                      "median_ns":1000000,"p99_ns":1000000,"max_ns":1000000,"spread":0},
               "detours":{"count":0,"max_ns":0,"lost":0,"histogram":[],"shown_from_ns":1000,"at_us":[],"length_ns":[]}},
              {"kind":"linux","partition":"linux","cpu":0,"interrupts":512,
               "fwq":{"samples_ns":[1000000,501000000,1000500000],
                      "median_ns":501000000,"p99_ns":1000500000,"max_ns":1000500000,"spread":999.5},
               "detours":{"count":3,"max_ns":10000000,"lost":0.0075,"histogram":[1,0,0,0,0,0,0,0,0,1,0,0,0,1],
                      "shown_from_ns":1000,"at_us":[0,1000000,2000000],"length_ns":[1000,800000,10000000]}}]}
            """;

    private final Document picture = parse(NoisePlot.of(JsonObject.parse(ANSWER)));

    @Test
    void shouldBeWellFormedWhateverTheNames() {
        assertThat(picture.getDocumentElement().getTagName()).isEqualTo("svg");
        assertThat(texts()).contains("Noise on VM a<b, acceleration tcg");
    }

    @Test
    void shouldTellTheFiguresOfBothCores() {
        assertThat(texts())
                .contains(
                        "HRT core (partition hrt, CPU 1): 0 interrupts taken",
                        "Linux core (partition linux, CPU 0): 512 interrupts taken",
                        "median 501 ms, p99 1 s, longest 1 s, spread 99950 %",
                        "3 detours, longest 10 ms, 0.750 % of the time lost");
    }

    @Test
    void shouldHoldTheExtremesWithinTheField() {
        // Of the Linux core's detours: the first and shortest at the lower left corner, the last and longest at the
        // right.
        List<double[]> dots = dots(3);
        assertThat(dots.getFirst()).containsExactly(684, 728);
        assertThat(dots.getLast()).containsExactly(1054, 494);
    }

    @Test
    void shouldDrawQuantaWithoutNoiseAtTheLowerEdge() {
        assertThat(dots(0)).isNotEmpty().allSatisfy(dot -> assertThat(dot[1]).isEqualTo(390));
    }

    @Test
    void shouldDrawNoDotForACoreWithoutDetours() {
        assertThat(dots(1)).isEmpty();
    }

    @Test
    void shouldStayInsideThePicture() {
        double width = Double.parseDouble(picture.getDocumentElement().getAttribute("width"));
        double height = Double.parseDouble(picture.getDocumentElement().getAttribute("height"));
        for (Element bar : elements("rect")) {
            assertThat(number(bar, "x") + number(bar, "width")).isLessThanOrEqualTo(width);
            assertThat(number(bar, "y") + number(bar, "height")).isLessThanOrEqualTo(height);
        }
        for (int i = 0; i < 4; i++) {
            assertThat(dots(i)).allSatisfy(dot -> {
                assertThat(dot[0]).isBetween(0.0, width);
                assertThat(dot[1]).isBetween(0.0, height);
            });
        }
    }

    private List<double[]> dots(int field) {
        Matcher point = Pattern.compile("M([0-9.]+) ([0-9.]+)h0")
                .matcher(elements("path").get(field).getAttribute("d"));
        var dots = new ArrayList<double[]>();
        while (point.find()) {
            dots.add(new double[] {Double.parseDouble(point.group(1)), Double.parseDouble(point.group(2))});
        }
        return dots;
    }

    private List<String> texts() {
        return elements("text").stream().map(Element::getTextContent).toList();
    }

    private List<Element> elements(String name) {
        var nodes = picture.getElementsByTagName(name);
        var elements = new ArrayList<Element>();
        for (int i = 0; i < nodes.getLength(); i++) {
            elements.add((Element) nodes.item(i));
        }
        return elements;
    }

    private static double number(Element element, String attribute) {
        return Double.parseDouble(element.getAttribute(attribute));
    }

    private static Document parse(String text) {
        try {
            return DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new InputSource(new StringReader(text)));
        } catch (Exception e) {
            throw new AssertionError(text, e);
        }
    }
}
