// GradientFlows
