// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import org.hybridvm.access.AccessRules;
import org.hybridvm.access.AuditLog;
import org.hybridvm.access.Tokens;
import org.hybridvm.config.Configuration;

/** Who may come in, who may do what, and where it is written down. */
public record AccessControl(Configuration configuration, AccessRules rules, Tokens tokens, AuditLog audit) {}
