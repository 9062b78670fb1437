// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.LinkedHashSet;
import java.util.Locale;

/** A picture as SVG 1.1 text. Lengths are pixels, y grows downwards. */
final class Svg {
    enum Anchor {
        START,
        MIDDLE,
        END
    }

    private final StringBuilder text = new StringBuilder();

    Svg(int width, int height, String title) {
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"",
                width, height, width, height);
        add(" font-family=\"DejaVu Sans, Verdana, Helvetica, sans-serif\">%n<title>%s</title>%n", escape(title));
        rectangle(0, 0, width, height, "#ffffff");
    }

    void rectangle(double x, double y, double width, double height, String fill) {
        add("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>%n", x, y, width, height, fill);
    }

    void line(double fromX, double fromY, double toX, double toY, String colour) {
        add("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>%n", fromX, fromY, toX, toY, colour);
    }

    void label(double x, double y, Anchor anchor, int size, String colour, String words) {
        add(
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\" fill=\"%s\">%s</text>%n",
                x, y, anchor.name().toLowerCase(Locale.ROOT), size, colour, escape(words));
    }

    void title(double x, double y, int size, String colour, String words) {
        add(
                "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%d\" font-weight=\"bold\" fill=\"%s\">%s</text>%n",
                x, y, size, colour, escape(words));
    }

    /** Dots of one colour. Those that fall on the same half pixel are drawn once. */
    void dots(double[] x, double[] y, String colour) {
        var path = new LinkedHashSet<String>();
        for (int i = 0; i < x.length; i++) {
            path.add(
                    String.format(Locale.ROOT, "M%.1f %.1fh0", Math.round(x[i] * 2) / 2.0, Math.round(y[i] * 2) / 2.0));
        }
        add(
                "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2.2\" stroke-linecap=\"round\" stroke-opacity=\"0.55\"/>%n",
                String.join("", path), colour);
    }

    /** The whole picture. */
    @Override
    public String toString() {
        return text + "</svg>\n";
    }

    private void add(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values));
    }

    private static String escape(String words) {
        return words.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
