// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The launch of a VM that nobody waits for, told to hvmd's log. */
final class LoggedLaunch implements BootObserver {
    private static final Logger LOG = LoggerFactory.getLogger(LoggedLaunch.class);

    private final String vm;

    LoggedLaunch(String vm) {
        this.vm = vm;
    }

    @Override
    public void begin(String phase) {
        LOG.debug("phase begins vm={} phase={}", vm, phase);
    }

    @Override
    public void end(String phase, long milliseconds) {
        LOG.debug("phase is over vm={} phase={} ms={}", vm, phase, milliseconds);
    }

    @Override
    public void note(String text) {
        LOG.info("{} vm={}", text, vm);
    }
}
