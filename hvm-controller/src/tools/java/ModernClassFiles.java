// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;

/**
 * Gives class files of libraries that were compiled for Java 6 or older a later version and the stack maps that it asks
 * for, in place. The JVM keeps no class of an older format in its cache of classes loaded ahead of time (JEP 483), so
 * picocli, the most of what the hvm command loads, would be parsed and verified at each start.
 *
 * <p>A program of the build: {@code java ModernClassFiles.java FOLDER-OF-JARS}. A jar that needs nothing is not touched.
 */
final class ModernClassFiles {
    private static final int WANTED = ClassFile.JAVA_8_VERSION;

    private final ClassFile format;

    private ModernClassFiles(ClassLoader libraries) {
        format = ClassFile.of(
                ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(libraries)));
    }

    public static void main(String[] arguments) throws IOException {
        var jars = new ArrayList<Path>();
        try (var files = Files.newDirectoryStream(Path.of(arguments[0]), "*.jar")) {
            files.forEach(jars::add);
        }
        var urls = new ArrayList<URL>();
        for (Path jar : jars) {
            urls.add(jar.toUri().toURL());
        }
        try (var libraries = new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            var modern = new ModernClassFiles(libraries);
            for (Path jar : jars) {
                modern.renew(jar);
            }
        }
    }

    /** Entries keep their dates, so that the same jar comes of the same jar. */
    private void renew(Path jar) throws IOException {
        try (FileSystem inside = FileSystems.newFileSystem(jar)) {
            for (Path file : classesOf(inside)) {
                ClassModel model = format.parse(Files.readAllBytes(file));
                if (model.majorVersion() < WANTED) {
                    FileTime date = Files.getLastModifiedTime(file);
                    Files.write(file, modern(model));
                    Files.setLastModifiedTime(file, date);
                }
            }
        }
    }

    private static List<Path> classesOf(FileSystem inside) throws IOException {
        try (var files = Files.walk(inside.getPath("/"))) {
            return files.filter(file -> file.toString().endsWith(".class")).toList();
        }
    }

    /** Code that passes through a transform is written anew, with its stack maps. */
    private byte[] modern(ClassModel model) {
        return format.transformClass(
                model,
                ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL)
                        .andThen(ClassTransform.endHandler(builder -> builder.withVersion(WANTED, 0))));
    }
}
